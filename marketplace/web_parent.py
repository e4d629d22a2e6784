"""What gunicorn's own process does before it starts the web processes: it checks what must hold, and reads the programs.

gunicorn takes this module for its configuration and calls the function by its name. It is done here once for all web
processes, who share what was read by memory that nobody writes to. Nothing that was connected is left to them.
"""

from __future__ import annotations

import gc
import sys


def on_starting(_server: object) -> None:
    """SystemExit, before anything answers, when something does not hold that must; what it is goes to standard error."""
    from marketplace import starting, web  # noqa: F401
    from marketplace.app import import_rooms
    from marketplace.core import db

    try:
        starting.prepare_to_serve()
    except Exception as fault:
        if said := starting.in_words(fault):
            sys.exit(said)
        raise
    import_rooms()
    db.let_go()
    gc.collect()
    gc.freeze()
