"""What gunicorn says, in the log's own shape: no address of a request, and nothing of one that cannot be read."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from marketplace.core.logs import OneLine

# "Invalid request from ip={ip}: {error}", where the error quotes what was sent.
UNREADABLE = "Invalid request from ip="


class EdgeLog(Logger):
    """gunicorn's logger, whose lines hold nothing that a client chose."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(OneLine())

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        text = str(msg)
        if text.startswith(UNREADABLE):
            address = text.removeprefix(UNREADABLE).split(": ", 1)[0]
            msg = f"Invalid request from ip={address}"
        super().warning(msg, *args, **kwargs)

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        text = str(msg)
        if args:
            text, args = text.partition(" %s")[0], ()  # "Error handling request %s %s": an address may hold a token
        elif isinstance(msg, BaseException):
            text = type(msg).__name__
        super().exception(text, *args, **kwargs)
