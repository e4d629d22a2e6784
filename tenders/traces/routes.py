"""Where the application finds the room."""

from tenders.traces.blueprint import blueprint

__all__ = ["blueprint"]
