"""What the administrator must know of the trace: nothing of any bid, only whether it can be kept."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

from marketplace import config
from marketplace.core import clock
from marketplace.core.moments import moment_to_second
from tenders.traces.book import current_book

LEAST_FREE = 500_000_000  # bytes
LOOKS_BACK = timedelta(days=2)


def trace_warnings() -> list[str]:
    """Times of the last two days from which requests are missing, and a disk that is nearly full."""
    since = (clock.now() - LOOKS_BACK).date()
    found = [
        f"Some requests of bidders could not be noted between {_moment(each['since'])} and {_moment(each['at'])}. "
        "The log says why. Bids were taken all the same."
        for each in current_book().lines_with([], since)
        if "lost" in each
    ]
    home = config.current().home
    if home.is_dir() and shutil.disk_usage(home).free < LEAST_FREE:
        found.append(f"The disk of {home} is nearly full. Make room now: soon neither requests nor bids can be kept.")
    return found


def _moment(text: str) -> str:
    return moment_to_second(datetime.fromisoformat(text.replace("Z", "+00:00")))
