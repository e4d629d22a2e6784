"""A log's lines: one for each record, and nothing in them that was typed."""

from __future__ import annotations

import logging
import sqlite3
import sys

import pytest
from sqlalchemy.exc import OperationalError

from marketplace.core.logs import OneLine, told
from marketplace.edge.log import EdgeLog


def line_of(message: str, *args: object, fault: BaseException | None = None) -> str:
    try:
        if fault:
            raise fault
    except type(fault):  # type: ignore[misc]
        return OneLine().format(logging.LogRecord("x", logging.ERROR, "x.py", 1, message, args, sys.exc_info()))
    return OneLine().format(logging.LogRecord("x", logging.ERROR, "x.py", 1, message, args, None))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\x1b[2K", "\x00"])
def test_what_ends_a_line_is_written_out(end: str) -> None:
    line = line_of("a file called %s", f"plan{end}ERROR forged")
    assert end not in line and line.endswith("ERROR forged") and len(line.splitlines()) == 1


def test_a_fault_is_told_by_kind_and_place_without_its_words() -> None:
    fault = ValueError("secret words")
    fault.__cause__ = OSError(28, "No space left on device", "/secret/name")
    line = line_of("it failed", fault=fault)
    assert "ValueError at tests/rules/test_logs.py:" in line and "OSError: No space left on device" in line
    assert "secret" not in line and "\n" not in line


def test_a_database_tells_the_rule_that_was_broken_and_quotes_nothing() -> None:
    memory = sqlite3.connect(":memory:")
    memory.execute("CREATE TABLE firms (name TEXT NOT NULL)")
    with pytest.raises(sqlite3.Error) as broken:
        memory.execute("INSERT INTO firms VALUES (NULL)")
    assert "firms.name" in told(broken.value)
    with pytest.raises(sqlite3.Error) as unknown:
        memory.execute("SELECT secret FROM firms")
    assert told(unknown.value) == "OperationalError: SQLITE_ERROR"
    memory.close()
    away = OperationalError("SELECT 1", {"name": "secret"}, Exception("connection refused"))
    assert told(away) == "OperationalError: connection refused"


def test_the_server_names_no_address_and_quotes_no_request(caplog: pytest.LogCaptureFixture) -> None:
    log = EdgeLog.__new__(EdgeLog)
    log.error_log = logging.getLogger("planted")
    try:
        raise ValueError("secret")
    except ValueError:
        log.exception("Error handling request %s %s", "GET", "/reset/secret")
    log.warning("Invalid request from ip=192.0.2.1: Invalid HTTP header: 'secret'")
    assert [each.getMessage() for each in caplog.records] == ["Error handling request", "Invalid request from ip=192.0.2.1"]
