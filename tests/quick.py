"""How much CPU something takes, whatever else the machine and this process have to do."""

from __future__ import annotations

import time
from collections.abc import Callable

TRIES = 3


def cpu_of(act: Callable[[], object], enough: float = 1.0) -> float:
    """Seconds of CPU, the least of three tries; the first that takes less than `enough` is the last.

    What is slow by itself is slow each time. What was slow because Python's collector ran meanwhile is not.
    """
    least = float("inf")
    for _ in range(TRIES):
        began = time.process_time()
        act()
        least = min(least, time.process_time() - began)
        if least < enough:
            break
    return least
