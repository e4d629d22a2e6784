"""What a part of an address may be."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import IntegerConverter, Map, UnicodeConverter

# The largest integer that a column of every database here holds; no row has a higher number.
LARGEST_ROW_NUMBER = 2_147_483_647


class RowNumber(IntegerConverter):
    """`<int:…>` in an address: a number that a row can have. Anything larger is an address that leads nowhere."""

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max", LARGEST_ROW_NUMBER)
        super().__init__(map, *args, **kwargs)


class Name(UnicodeConverter):
    """`<…>` in an address. With a NUL in it, which PostgreSQL cannot even be asked for, it leads nowhere."""

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:
        super().__init__(map, *args, **kwargs)
        self.regex = self.regex.replace("[^/]", r"[^/\0]")
