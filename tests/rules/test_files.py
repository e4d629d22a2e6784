"""Files: whole or not at all, and only kinds that people send."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from marketplace.core.files import FileStore, FileTooLarge, safe_name, upload_problems


def test_a_stored_file_reads_back_and_leaves_no_part(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    kept = store.write("needs", io.BytesIO(b"hello" * 1000), limit=10_000)
    assert store.read(kept.key) == b"hello" * 1000 and kept.size == 5000
    assert not list(tmp_path.rglob("*.part"))


def test_a_file_past_the_limit_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileTooLarge):
        FileStore(tmp_path).write("needs", io.BytesIO(b"x" * 101), limit=100)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("key", ["../../etc/passwd", "needs/aa/../../../x", "/etc/passwd", "needs/aa/zz", ""])
def test_a_key_that_is_not_ours_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        FileStore(tmp_path).path(key)


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\bid.pdf", "bid.pdf"),
        ("bid\u202efdp.exe", "bidfdp.exe"),
        ("a\x00b\r\n.pdf", "ab.pdf"),
        ("...", "file"),
        ("", "file"),
    ],
)
def test_names_are_made_safe(given: str, safe: str) -> None:
    assert safe_name(given) == safe


def test_a_very_long_name_keeps_its_ending() -> None:
    assert safe_name("x" * 500 + ".docx").endswith(".docx") and len(safe_name("x" * 500 + ".docx")) <= 120


@pytest.mark.parametrize(
    ("name", "start", "size", "says"),
    [
        ("bid.pdf", b"%PDF-1.7", 10, ""),
        ("bid.PDF", b"%PDF-1.7", 10, ""),
        ("notes.txt", b"anything", 10, ""),
        ("bid.pdf", b"<html>", 10, "does not look like a .pdf"),
        ("bid.exe", b"MZ", 10, "cannot be used"),
        ("bid", b"%PDF", 10, "cannot be used"),
        ("bid.pdf", b"", 0, "is empty"),
        ("bid.pdf", b"%PDF-1.7", 30_000_000, "is too large"),
    ],
)
def test_an_upload_is_taken_or_the_reason_is_one_sentence(name: str, start: bytes, size: int, says: str) -> None:
    problems = upload_problems(name, start, size, limit=20_000_000)
    assert (says in problems[0].message) if says else not problems
