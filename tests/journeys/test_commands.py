"""The program from outside: exit codes, last lines and messages that a person can act on."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent.parent
SUPPLIERS = [
    {"id": "a1", "name": "Larch Systems Ltd", "text": "Housing repairs booking\nMissed bin reports"},
    {"id": "a2", "name": "=cmd|' /C calc'!A0 Ltd", "text": "Care case management"},
]


class Program:
    """`marketplace …` in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MARKETPLACE_", "DATABASE_URL"))}
        self.environment = {**kept, "MARKETPLACE_HOME": str(home), "MARKETPLACE_PASSWORD_COST": "cheap"}

    def __call__(self, *words: str | Path | int, expect: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "marketplace.cli", *map(str, words)],
            env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout if not expect else done.stdout + done.stderr


@pytest.fixture
def program(tmp_path: Path) -> Program:
    made = Program(tmp_path / "home")
    made("upgrade")
    return made


def _suppliers(tmp_path: Path) -> Path:
    path = tmp_path / "suppliers.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in SUPPLIERS) + "\nnot json\n")
    return path


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))


def test_every_command_explains_itself(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    listing = program("--help")
    for command in ("run", "worker", "upgrade", "demo", "import-notices", "import-suppliers", "reindex", "export",
                    "audit", "backup", "restore"):  # fmt: skip
        assert command in listing
        assert "Usage:" in program(command, "--help")


def test_a_database_that_is_not_upgraded_is_said_so(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    for words in (["export", tmp_path / "out"], ["worker"], ["run", "--port", 30_100]):
        said = program(*words, expect=1)
        assert said.count("Run: marketplace upgrade") == 1 and " is at http" not in said


def test_an_unknown_setting_is_refused_by_name(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    program.environment["MARKETPLACE_HOEM"] = "x"
    assert "MARKETPLACE_HOEM" in program("upgrade", expect=1)


def test_suppliers_are_taken_in_once_and_counts_add_up(program: Program, tmp_path: Path) -> None:
    file = _suppliers(tmp_path)
    first = json.loads(program("import-suppliers", file).splitlines()[-1])
    second = json.loads(program("import-suppliers", file).splitlines()[-1])
    for counts in (first, second):
        assert counts["rows"] == counts["new"] + counts["changed"] + counts["unchanged"] + counts["refused"] == 3
    assert (first["new"], first["refused"]) == (2, 1) and (second["unchanged"], second["new"]) == (2, 0)
    aside = list((program.home / "refused").iterdir())
    assert len(aside) == 1 and "not json" in aside[0].read_text()


def test_the_export_reads_back_and_agrees_with_its_manifest(program: Program, tmp_path: Path) -> None:
    program("import-suppliers", _suppliers(tmp_path))
    out = tmp_path / "out"
    program("export", out)
    manifest = json.loads((out / "manifest.json").read_text())
    names = {each["name"] for each in manifest["files"]}
    assert len([name for name in names if name != "dictionary.csv"]) == 14 and manifest["as_of"]
    heading, *entries = _read(out / "dictionary.csv")
    dictionary = [dict(zip(heading, entry, strict=True)) for entry in entries]
    assert heading == ["file", "column", "meaning", "unit", "source"]
    for each in manifest["files"]:
        content = (out / each["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == each["sha256"]
        rows = _read(out / each["name"])
        assert len(rows) - 1 == each["rows"]
        if each["name"] != "dictionary.csv":
            told = [row["column"] for row in dictionary if row["file"] == each["name"]]
            assert told == rows[0], each["name"]
    suppliers = (out / "suppliers.csv").read_text(encoding="utf-8")
    assert "'=cmd" in suppliers and "\n=cmd" not in suppliers
    assert "not empty" in program("export", out, expect=1)


def test_audit_verify_tells_whole_broken_and_unknown(program: Program, tmp_path: Path) -> None:
    assert "whole" in program("audit", "verify")
    database = sqlite3.connect(program.home / "marketplace.db")
    database.execute("DROP TRIGGER journal_lines_refuse_update")
    database.execute("UPDATE journal_lines SET details = replace(details, '0', '1') WHERE number = 1")
    database.commit()
    database.close()
    assert "Line 1:" in program("audit", "verify", expect=1)
    assert "no journal" in Program(tmp_path / "nothing")("audit", "verify", expect=2)
    (program.home / "marketplace.db").write_bytes(b"this is not a database" * 100)
    assert "Cannot tell" in program("audit", "verify", expect=2)


def test_a_witness_finds_yesterdays_backup_with_one_command(program: Program, tmp_path: Path) -> None:
    program("backup", tmp_path / "yesterday.zip")
    program("import-suppliers", _suppliers(tmp_path))
    saved = tmp_path / "checkpoint"
    saved.write_text(program("audit", "checkpoint"), encoding="utf-8")
    assert "whole" in program("audit", "verify", "--checkpoint", saved)
    restored = Program(tmp_path / "restored")
    restored("restore", tmp_path / "yesterday.zip")
    shutil.copytree(program.home / "keys", restored.home / "keys", dirs_exist_ok=True)
    assert "whole" in restored("audit", "verify")
    assert "taken back to an older copy" in restored("audit", "verify", "--checkpoint", saved, expect=1)
    saved.write_text(saved.read_text("utf-8").replace("— ", "- "), encoding="utf-8")
    assert "Cannot tell" in program("audit", "verify", "--checkpoint", saved, expect=2)


def test_backup_restore_and_reindex_on_an_empty_machine(program: Program, tmp_path: Path) -> None:
    program("import-suppliers", _suppliers(tmp_path))
    program("backup", tmp_path / "copy.zip")
    other = Program(tmp_path / "other")
    other("restore", tmp_path / "copy.zip")
    assert "whole" in other("audit", "verify")
    other("reindex")
    assert "0 differences" in other("reindex", "--check")
    assert "Nothing was restored" in other("restore", tmp_path / "copy.zip", expect=1)
