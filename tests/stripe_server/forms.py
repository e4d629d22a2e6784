"""Form fields as Stripe's library sends them, "items[0][price_data][currency]=gbp", into nested values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        parts = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        place = found
        for number, part in enumerate(parts[:-1]):
            place = place.setdefault(part or str(len(place)), {})
            assert isinstance(place, dict), (name, number)
        place[parts[-1] or str(len(place))] = value
    return _lists(found)


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(each) for key, each in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner
