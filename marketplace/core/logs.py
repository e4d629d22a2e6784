"""What goes into the log: one line for each record, and of a fault its kinds and places, never its words.

The words of an exception may hold what somebody typed (a row's values, a field, an address with its token), and a log
is kept, copied and read by more people than the database. So a fault is told by its type and by where it happened.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy.exc import DBAPIError

CHECKOUT = f"{Path(__file__).parents[2]}/"
INSTALLED = re.compile(r".*/site-packages/")
# Whatever ends a line somewhere, and what moves a terminal's cursor.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MOST_CAUSES = 5
LONGEST_MESSAGE = 2_000  # characters


def in_one_line(text: str) -> str:
    """The text with every control character written out (a line feed as \\n), so that nothing in it begins a line."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def told(fault: BaseException) -> str:
    """The kind of a fault and, of a system's or a database's, its code: nothing that a person may have typed."""
    kind = type(fault).__name__
    if isinstance(fault, OSError):
        return f"{kind}: {fault.strerror}" if fault.strerror else kind
    if isinstance(fault, DBAPIError | sqlite3.Error):
        return f"{kind}: {_said_by_database(fault.orig if isinstance(fault, DBAPIError) else fault)}"
    return kind


def _said_by_database(fault: Any) -> str:
    """SQLite names a broken rule by table and column, but quotes what it cannot parse; PostgreSQL quotes values.

    What has no code at all comes from the driver, mostly because there is no connection.
    """
    if name := getattr(fault, "sqlite_errorname", ""):
        return f"{name}: {fault}" if name.startswith("SQLITE_CONSTRAINT") else name
    diagnosis = getattr(fault, "diag", None)
    codes = [getattr(diagnosis, each, None) for each in ("sqlstate", "table_name", "constraint_name")]
    return " ".join(each for each in codes if each) or str(fault)


def faults_of(fault: BaseException | None) -> Iterator[BaseException]:
    """The fault, and those from which it came."""
    for _ in range(MOST_CAUSES):
        if fault is None:
            return
        yield fault
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)


def way_of(trace: TracebackType | None) -> str:
    """The calls that led to a fault, outermost first. No line of code: it tells no more than its number."""
    calls = traceback.StackSummary.extract(traceback.walk_tb(trace), lookup_lines=False)
    return " > ".join(f"{_short(each.filename)}:{each.lineno} {each.name}" for each in calls)


def _short(file: str) -> str:
    return INSTALLED.sub("", file).removeprefix(CHECKOUT)


class OneLine(logging.Formatter):
    """Instant (UTC), process, level, logger, message, and the fault with its causes."""

    converter = staticmethod(time.gmtime)
    default_msec_format = "%s.%03dZ"
    default_time_format = "%Y-%m-%dT%H:%M:%S"

    def __init__(self) -> None:
        super().__init__("%(asctime)s [%(process)d] %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()[:LONGEST_MESSAGE]
        record.asctime = self.formatTime(record)
        line = self.formatMessage(record)
        if record.exc_info and record.exc_info[1]:
            ways = (f"{told(each)} at {way_of(each.__traceback__)}" for each in faults_of(record.exc_info[1]))
            line += " | " + " | because of ".join(ways)
        return in_one_line(line)


def set_up() -> None:
    """For a process that serves or works: its records and warnings, and the fault that ends it or a thread of it."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    threading.excepthook = _tell_of_thread
    sys.excepthook = _tell_of_end


def _tell_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is None or issubclass(ended.exc_type, SystemExit):
        return
    name = ended.thread.name if ended.thread else "?"
    fault = (ended.exc_type, ended.exc_value, ended.exc_traceback)
    logging.getLogger(__name__).error("the thread %s ended by a fault", name, exc_info=fault)


def _tell_of_end(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("the process ends by a fault", exc_info=(kind, fault, trace))
