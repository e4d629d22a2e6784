"""One byte sequence for one meaning: what is hashed, signed or bound must not depend on who writes it."""

import json
from datetime import UTC, datetime

# Beyond this a reader in JavaScript would round the number (RFC 8785, section 3.2.2.3).
LARGEST_INTEGER = 2**53 - 1
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_PLAIN, _LISTS = (bool, str), (list, tuple)


def canonical_json(value: object) -> bytes:
    """UTF-8 JSON as RFC 8785 has it, for text, whole numbers, booleans, null, lists and ASCII keys; else ValueError."""
    _refuse_the_ambiguous(value)
    return _ENCODER.encode(value).encode("utf-8")


def read_canonical_json(content: bytes) -> dict:
    """The object that these bytes are the canonical form of; any other spelling is a ValueError."""
    try:
        value = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict) or canonical_json(value) != content:
        raise ValueError("not canonical JSON")
    return value


def utc_text(instant: datetime) -> str:
    """An aware datetime in UTC to the microsecond, always 27 characters: 2026-03-04T12:00:00.000000Z."""
    return in_utc(instant).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def in_utc(instant: datetime) -> datetime:
    """The same instant in UTC; ValueError without a time zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC)


def utc_instant(text: str) -> datetime:
    """The instant that utc_text wrote; any other spelling is a ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _refuse_the_ambiguous(value: object) -> None:
    if value is None or isinstance(value, _PLAIN):
        return
    if isinstance(value, int) and abs(value) <= LARGEST_INTEGER:
        return
    if isinstance(value, _LISTS):
        for item in value:
            if type(item) is not str:
                _refuse_the_ambiguous(item)
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                break
            if type(item) is not str:
                _refuse_the_ambiguous(item)
        else:
            return
    raise ValueError(f"a {type(value).__name__} has no canonical form here")
