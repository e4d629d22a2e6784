"""What gunicorn's own process does before it starts the web processes: it reads the programs once, for all of them.

gunicorn takes this module for its configuration and calls the function by its name. Nothing is connected or started
here: what the web processes share by this is memory that nobody writes to.
"""

from __future__ import annotations

import gc


def on_starting(_server: object) -> None:
    """Reads what every web process needs. A program that cannot be read ends gunicorn here, before anything answers."""
    from marketplace import web  # noqa: F401
    from marketplace.app import import_rooms

    import_rooms()
    gc.collect()
    gc.freeze()
