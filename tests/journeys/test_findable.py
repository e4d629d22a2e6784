"""What is published is found soon, with the program as `marketplace run` starts it, for each engine that keeps files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from marketplace.serving import free_port
from tests.journeys.test_commands import ROOT, Program

pytestmark = pytest.mark.slow
PATIENCE = 60  # seconds; the promise is two, and a busy machine is no failure


@contextmanager
def running(program: Program) -> Iterator[str]:
    port = free_port(8700)
    environment = {**program.environment, "PORT": str(port), "MARKETPLACE_WEB_WORKERS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "marketplace.cli", "run"], env=environment, cwd=ROOT, start_new_session=True
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def seconds_until(address: str, words: str) -> float:
    """Until the page says the words."""
    began = time.monotonic()
    while time.monotonic() < began + PATIENCE:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                if words in answer.read().decode():
                    return time.monotonic() - began
        except OSError:
            pass  # not yet serving
        time.sleep(0.02)
    raise AssertionError(f"{words!r} was not on {address} within {PATIENCE} seconds")


def _file(folder: Path, reference: str, name: str) -> Path:
    path = folder / f"{reference}.jsonl"
    path.write_text(json.dumps({"id": reference, "name": name, "text": "Housing repairs booking"}) + "\n")
    return path


@pytest.mark.parametrize("engine", ["whoosh", "tantivy"])
def test_what_is_published_is_found(tmp_path: Path, engine: str, record_property) -> None:
    program = Program(tmp_path / "home")
    program.environment["MARKETPLACE_SEARCH_ENGINE"] = engine
    program("upgrade")
    program("import-suppliers", _file(tmp_path, "a1", "Larch Systems Ltd"))
    with running(program) as address:
        seconds_until(f"{address}/suppliers?q=larch", "1 supplier for larch")
        seconds_until(f"{address}/health", '"index":"ok"')
        program("import-suppliers", _file(tmp_path, "b2", "Alder Software Ltd"))
        took = seconds_until(f"{address}/suppliers?q=alder", "1 supplier for alder")
        record_property("seconds", took)
        print(f"{engine}: found after {took:.2f} s")
    assert program("reindex", "--check").startswith("0 differences")
