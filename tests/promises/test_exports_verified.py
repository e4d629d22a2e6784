"""E3: an export proves itself offline. One that was altered in any byte, row or file is refused by its program."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from marketplace.auditors import actions, writing
from marketplace.auditors.exports import Scope
from marketplace.core import clock
from marketplace.transparency.checkpoints import find_newest, log_key, make_checkpoint
from marketplace.transparency.offline import check_export
from tests import bidding, contracting, public_files
from tests.promises.proof import Proof

pytestmark = pytest.mark.usefixtures("house")
SEED = 20260401
Spoil = Callable[[Path, random.Random], None]


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """An export with something in most files, bids of another need still sealed; the key and a checkpoint beside it."""
    contracting.running()
    make_checkpoint()
    sealed = bidding.purchase()
    bidding.submitted(sealed.need)
    actions.export_everything(tmp_path / "export", lambda _line: None)
    newest = find_newest()
    assert newest is not None
    (tmp_path / "key").write_text(log_key().text + "\n", encoding="utf-8")
    (tmp_path / "checkpoint").write_text(newest.note, encoding="utf-8")
    return tmp_path / "export"


def refusal(export: Path, checkpoint: Path | None = None) -> str:
    """Why the program refuses, or "" when it finds all to agree."""
    key = check_export.read_key((export.parent / "key").read_text(encoding="utf-8"))
    covered = check_export.read_checkpoint(checkpoint.read_text(encoding="utf-8"), *key) if checkpoint else None
    try:
        check_export.check_export(export, *key, covered)
    except (check_export.NotGenuine, *check_export.UNREADABLE) as fault:
        return str(fault) or type(fault).__name__
    return ""


# -- ways to spoil


def a_byte(export: Path, chance: random.Random) -> None:
    """One bit of one file, the manifest too."""
    path = chance.choice([each for each in sorted(export.iterdir()) if each.stat().st_size])
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def a_row_dropped(export: Path, chance: random.Random) -> None:
    path, rows = _rows(export, chance)
    del rows[chance.randrange(1, len(rows))]
    _write(path, rows)


def a_row_twice(export: Path, chance: random.Random) -> None:
    path, rows = _rows(export, chance)
    rows.append(rows[-1])
    _write(path, rows)


def a_file_dropped(export: Path, chance: random.Random) -> None:
    chance.choice(sorted(export.glob("*.csv"))).unlink()


def a_file_added(export: Path, chance: random.Random) -> None:
    (export / f"more{chance.randrange(100)}.csv").write_text("need\r\n", encoding="utf-8")


def files_swapped(export: Path, chance: random.Random) -> None:
    one, two = chance.sample(sorted(export.glob("*.csv")), 2)
    held = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(held)


def the_manifest_made_to_fit(export: Path, chance: random.Random) -> None:
    """A row is dropped, and the manifest says so: only its signature tells."""
    import hashlib

    path, rows = _rows(export, chance)
    del rows[chance.randrange(1, len(rows))]
    _write(path, rows)
    manifest = json.loads((export / "manifest.json").read_bytes())
    for each in manifest["files"]:
        if each["name"] == path.name:
            each.update(rows=len(rows) - 1, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    _write_manifest(export, manifest)


def the_manifest_spelt_otherwise(export: Path, chance: random.Random) -> None:
    """The same values, other bytes: spaces, the signature in capitals, a key twice."""
    path = export / "manifest.json"
    text = path.read_text(encoding="utf-8")
    signature = json.loads(text)["signature"]
    ways = [
        text + " ", text.replace("\n", "\r\n"), text.replace(signature, signature.upper()),
        text.replace('"filters": {},', '"filters": {}, "filters": {},'),
    ]  # fmt: skip
    path.write_text(chance.choice(ways), encoding="utf-8", newline="")


def _rows(export: Path, chance: random.Random) -> tuple[Path, list[list[str]]]:
    found = []
    for path in sorted(export.glob("*.csv")):
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))
        if len(rows) > 1:
            found.append((path, rows))
    return chance.choice(found)


def _write(path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode())


def _write_manifest(export: Path, manifest: dict[str, object]) -> None:
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (export / "manifest.json").write_text(text, encoding="utf-8")


WAYS: tuple[Spoil, ...] = (
    a_byte, a_row_dropped, a_row_twice, a_file_dropped, a_file_added, files_swapped, the_manifest_made_to_fit,
    the_manifest_spelt_otherwise,
)  # fmt: skip


def test_every_alteration_of_an_export_is_refused(whole: Path, tmp_path: Path, proof: Proof) -> None:
    assert refusal(whole) == "" == refusal(whole, tmp_path / "checkpoint")
    count, chance, let_through = proof.size("E3"), random.Random(SEED), []
    for number in range(count):
        spoil = WAYS[number % len(WAYS)]
        spoilt = tmp_path / "spoilt"
        shutil.copytree(whole, spoilt)
        spoil(spoilt, chance)
        if not refusal(spoilt):
            let_through.append(f"{spoil.__name__}, number {number}")
        shutil.rmtree(spoilt)
    proof.tell("E3", "exports altered, each then checked", count=count, violations=let_through)


def test_the_program_runs_alone_on_folder_and_zip(whole: Path, tmp_path: Path) -> None:
    key, checkpoint = tmp_path / "key", tmp_path / "checkpoint"
    code, said = public_files.check_export(whole, "--key", key, "--checkpoint", checkpoint)
    assert code == 0 and "are those of your checkpoint" in said, said
    writing.pack(whole, tmp_path / "all.zip")
    code, said = public_files.check_export(tmp_path / "all.zip", "--key", key)
    assert code == 0 and "15 files are there, unchanged" in said, said
    with zipfile.ZipFile(tmp_path / "all.zip", "a") as archive:
        archive.writestr("extra.csv", "x")
    code, said = public_files.check_export(tmp_path / "all.zip", "--key", key)
    assert code == 1 and "extra.csv does not belong" in said
    code, said = public_files.check_export(tmp_path, "--key", key)
    assert code == 2 and "Cannot tell" in said


def test_an_export_for_excel_and_one_with_filters_can_be_checked(whole: Path, tmp_path: Path) -> None:
    for folder, scope, bom in (("excel", Scope(clock.now()), True), ("some", Scope(clock.now(), from_on=clock.now().date()), False)):
        (tmp_path / folder).mkdir()
        writing.write_everything(scope, tmp_path / folder, lambda _line: None, bom)
        assert refusal(tmp_path / folder) == "", folder


def test_a_service_that_shows_another_past_is_found_by_an_old_checkpoint(whole: Path, tmp_path: Path) -> None:
    """Signed by the right key, whole in itself, and yet not what was shown before."""
    from marketplace.auditors.manifest import Standing, manifest_text
    from marketplace.core import merkle
    from marketplace.core.csvfile import WrittenFile

    rows = list(csv.DictReader(io.StringIO((whole / "journal.csv").read_bytes().decode(), newline="")))
    before = "0" * 64
    rows = [each for each in rows if each["number"] != "2"]
    for number, row in enumerate(rows, start=1):
        row.update(number=str(number), previous_hash=before)
        if row["is_withheld"] == "false":
            row["hash"] = check_export.hash_of(row)
        before = row["hash"]
    _write(whole / "journal.csv", [list(rows[0]), *(list(each.values()) for each in rows)])
    root = merkle.root([merkle.leaf_hash(bytes.fromhex(each["hash"])) for each in rows]).hex()
    manifest = json.loads((whole / "manifest.json").read_bytes())
    files = []
    for each in manifest["files"]:
        with (whole / each["name"]).open("rb") as source:
            sha256 = check_export.sha256_of(source)
        files.append(WrittenFile(each["name"], len(rows) if each["name"] == "journal.csv" else each["rows"], sha256))
    text = manifest_text(Scope(clock.now()), Standing(len(rows), before, root), files)
    (whole / "manifest.json").write_text(text, encoding="utf-8")
    assert refusal(whole) == "", "by itself it agrees"
    assert "the past was changed" in refusal(whole, tmp_path / "checkpoint")
