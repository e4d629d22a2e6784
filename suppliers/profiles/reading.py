"""Reads a file of suppliers, one JSON object a line, without a database: what each line says, or why it is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from marketplace.core.fields import tidy
from marketplace.core.geography import find_place, normalise_postcode, outcode_of
from marketplace.core.journal import canonical_json
from marketplace.reference import capabilities
from suppliers.profiles import identity
from suppliers.profiles.models import SIZES

LONGEST_LINE = 2_000_000  # bytes; a profile is a few thousand
MOST_WORKS = 1000
LONGEST_TITLE = 200


class Unreadable(ValueError):
    """The line is not a supplier; the words say why."""


@dataclass(frozen=True)
class Work:
    """One solution, or one past contract."""

    kind: str
    title: str
    text: str
    customer: str = ""


@dataclass(frozen=True, kw_only=True)
class ReadSupplier:
    """One supplier of the file, every value in the shape in which it is kept."""

    line: int
    source_id: str
    name: str
    source: str = ""
    summary: str = ""
    about: str = ""
    website: str = ""
    postcode: str = ""
    outcode: str = ""
    size: str = ""
    company_number: str = ""
    charity_number: str = ""
    capabilities: tuple[str, ...] = ()
    works: tuple[Work, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other imported supplier."""
        return self.source, self.source_id

    @property
    def content_hash(self) -> str:
        """Changes when anything but the line's place in the file does."""
        values = {name: value for name, value in asdict(self).items() if name != "line"}
        return hashlib.sha256(canonical_json(values).encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class RefusedLine:
    """A line that is not a supplier: its number, why, and what stood there."""

    line: int
    reason: str
    raw: str


def read_suppliers(path: Path) -> Iterator[ReadSupplier | RefusedLine]:
    """Every line that is not blank, in order, one way or the other. A second line with the same id is refused."""
    seen: dict[tuple[str, str], int] = {}
    with path.open("rb") as lines:
        for number, raw in _numbered(lines):
            try:
                supplier = read_line(raw, number)
                if supplier.key in seen:
                    raise Unreadable(f"id {supplier.source_id} is on line {seen[supplier.key]} already")
            except Unreadable as refused:
                yield RefusedLine(number, str(refused), raw[:100_000].decode("utf-8", "replace").rstrip("\r\n"))
                continue
            seen[supplier.key] = number
            yield supplier


def _numbered(lines: Any) -> Iterator[tuple[int, bytes]]:
    number = 0
    while raw := lines.readline(LONGEST_LINE + 1):
        number += 1
        # What is beyond the limit is read past, so that the next line begins where it should.
        rest = raw
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
            rest = lines.readline(LONGEST_LINE + 1)
        if raw.strip():
            yield number, raw


def read_line(raw: bytes, number: int) -> ReadSupplier:
    """The supplier of one line. Raises Unreadable."""
    values = _object(raw)
    name = _text(values, "name")
    source_id = next(filter(None, (read(values, key) for key in ("id", "source_id") for read in (_text, _number))), "")
    if not source_id or len(source_id) > 120:
        raise Unreadable("id is missing" if not source_id else "id is longer than 120 characters")
    if not name:
        raise Unreadable("name is missing")
    # A sum of money has been seen for a name. The record is a supplier's all the same, and its firm may mend it.
    if not any(each.isalnum() for each in name):
        raise Unreadable("name has neither letter nor digit in it")
    if len(name) > 200:
        raise Unreadable("name is longer than 200 characters")
    postcode = _text(values, "postcode")
    return ReadSupplier(
        line=number,
        source_id=source_id,
        name=" ".join(name.split()),
        source=_text(values, "source")[:60],
        summary=_shortened(_text(values, "summary"), 300),
        about="\n\n".join(filter(None, (_text(values, "about") or _text(values, "description"), _clients(values)))),
        website=identity.normalise_website(_text(values, "website")) or "",
        postcode=normalise_postcode(postcode) or "",
        # Only where it is: half the shapes of other countries' postcodes look like an outward code.
        outcode=(outcode_of(postcode) or "") if find_place(postcode) else "",
        size=_text(values, "size").lower() if _text(values, "size").lower() in SIZES else "",
        company_number=_official(values, "company_number", identity.normalise_company_number),
        charity_number=_official(values, "charity_number", identity.normalise_charity_number),
        capabilities=_known_capabilities(values),
        works=(*_solutions(values), *_past_works(values)),
    )


def _object(raw: bytes) -> Mapping[str, Any]:
    if len(raw) > LONGEST_LINE:
        raise Unreadable(f"longer than {LONGEST_LINE:,} bytes")
    try:
        values = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None
    if not isinstance(values, dict):
        raise Unreadable("not a JSON object")
    return values


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    if value is None or isinstance(value, bool | int | float):
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"{key} is not text")
    return _clean(value)


def _clean(text: str) -> str:
    # Half a surrogate pair is legal JSON and no database's text.
    return (tidy(text) or "").encode("utf-8", "replace").decode("utf-8")


def _number(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _official(values: Mapping[str, Any], key: str, normalise: Any) -> str:
    typed = _text(values, key) or _number(values, key)
    if not typed:
        return ""
    number = normalise(typed)
    if number is None:
        raise Unreadable(f"{key} {typed[:40]!r} does not have the shape of one")
    return str(number)


def _known_capabilities(values: Mapping[str, Any]) -> tuple[str, ...]:
    given = values.get("capabilities") or []
    if not isinstance(given, list):
        raise Unreadable("capabilities is not a list")
    return tuple(sorted({each.code for each in capabilities()} & {each for each in given if isinstance(each, str)}))


def _clients(values: Mapping[str, Any]) -> str:
    given = values.get("clients") or []
    if not isinstance(given, list):
        raise Unreadable("clients is not a list")
    names = [_shortened(_clean(each), 200) for each in given if isinstance(each, str) and _clean(each)]
    return f"Clients: {'; '.join(names)}" if names else ""


def _solutions(values: Mapping[str, Any]) -> list[Work]:
    return _listed(values, "solutions", "solution")


def _past_works(values: Mapping[str, Any]) -> list[Work]:
    works = _listed(values, "past_work", "past_work")
    lines = (line.strip() for line in _text(values, "text").split("\n"))
    works += [_past_work(line) for line in lines if line]
    if len(works) > MOST_WORKS:
        raise Unreadable(f"more than {MOST_WORKS} past contracts")
    return works


def _past_work(line: str) -> Work:
    """A line reads "Title. What was bought"; without such a title its beginning serves."""
    title, stop, text = line.partition(". ")
    if stop and 3 <= len(title) <= LONGEST_TITLE:
        return Work("past_work", title, text.strip())
    if len(line) <= LONGEST_TITLE:
        return Work("past_work", line, "")
    return Work("past_work", _shortened(line, 120), line)


def _listed(values: Mapping[str, Any], key: str, kind: str) -> list[Work]:
    given = values.get(key) or []
    if not isinstance(given, list):
        raise Unreadable(f"{key} is not a list")
    if len(given) > MOST_WORKS:
        raise Unreadable(f"more than {MOST_WORKS} {key.replace('_', ' ')}s")
    return [_listed_work(each, key, kind) for each in given]


def _listed_work(given: Any, key: str, kind: str) -> Work:
    if isinstance(given, str):
        work = _past_work(_clean(given).replace("\n", " "))
        return Work(kind, work.title, work.text)
    if not isinstance(given, dict):
        raise Unreadable(f"{key} holds something that is neither text nor an object")
    title = _text(given, "title") or _text(given, "name")
    text = "\n".join(filter(None, (_text(given, "text") or _text(given, "summary"), *_points(given))))
    if not (title or text):
        raise Unreadable(f"{key} holds one without a title")
    return Work(kind, _shortened(title or text, LONGEST_TITLE), text, _shortened(_text(given, "customer"), 200))


def _points(given: Mapping[str, Any]) -> Iterator[str]:
    for key in ("features", "benefits"):
        for each in given.get(key) or ():
            if isinstance(each, str) and _clean(each):
                yield f"- {_clean(each)}"


def _shortened(text: str, longest: int) -> str:
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    return line[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"
