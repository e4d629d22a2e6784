"""Named points at which a test may have this process killed, as a power cut would end it. Off unless a setting names one.

The setting `failpoint` is the point's name; "name @ of" narrows it to one action, "name #3" to its third passing.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

from marketplace import config

_passed: Counter[str] = Counter()


def failpoint(name: str, of: str = "") -> None:
    """Ends the process at once, without any cleaning up, when the setting names this point. Costs nothing otherwise."""
    wanted = config.failpoint()
    if wanted:
        _kill_if_meant(wanted, name, of)


def _kill_if_meant(wanted: str, name: str, of: str) -> None:
    point, _, number = wanted.partition(" #")
    if point not in {name, f"{name} @ {of}"}:
        return
    _passed[wanted] += 1
    if _passed[wanted] == int(number or 1):
        os.kill(os.getpid(), signal.SIGKILL)
