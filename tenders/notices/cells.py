"""Single published values, read: days, instants, money, CPV codes, regions, links. None means not stated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from marketplace.core.clock import LONDON
from marketplace.core.geography import REGIONS
from tenders.notices.lines import mended

# Contracts Finder writes 01/01/1 where a buyer gave no date.
FIRST_PLAUSIBLE_YEAR, LAST_PLAUSIBLE_YEAR = 1990, 2100
MOST_PENCE = 10**15
TITLE_MOST = 300
END_OF_DAY = time(23, 59, 59)
SPOKEN_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::\d{2})?)?")
CPV = re.compile(r"(?<!\d)(\d{8})(?:-\d)?(?!\d)")
REGION_OF_NAME = {name.lower(): name for name in REGIONS}
# First three characters of an ITL or NUTS code after its country.
REGION_OF_CODE = {
    "C": "North East",
    "D": "North West",
    "E": "Yorkshire and The Humber",
    "F": "East Midlands",
    "G": "West Midlands",
    "H": "East of England",
    "I": "London",
    "J": "South East",
    "K": "South West",
    "L": "Wales",
    "M": "Scotland",
    "N": "Northern Ireland",
}


def line_of(value: object) -> str:
    """Text on one line, white space squeezed and double encoding mended."""
    return " ".join(mended(str(value or "")).split())


def paragraphs_of(value: object) -> str:
    """Text with its line breaks, trimmed, double encoding mended."""
    text = mended(str(value or "")).replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


def moment_of(text: object) -> datetime | None:
    """An ISO 8601 instant or DD/MM/YYYY with or without a time, in UTC; a time without an offset is London's."""
    written = str(text or "").strip()
    spoken = SPOKEN_DAY.fullmatch(written)
    try:
        if spoken:
            day, month, year, hour, minute = (int(part or 0) for part in spoken.groups())
            found = datetime(year, month, day, hour, minute)
        else:
            found = datetime.fromisoformat(written)
    except ValueError:
        return None
    if not FIRST_PLAUSIBLE_YEAR <= found.year <= LAST_PLAUSIBLE_YEAR:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=LONDON)).astimezone(UTC)


def day_of(text: object) -> date | None:
    """The London day of a date or an instant."""
    found = moment_of(text)
    return None if found is None else found.astimezone(LONDON).date()


def closing_of(day_text: object, time_text: object) -> tuple[datetime | None, bool]:
    """A closing day and London time as an instant, and whether the time was stated; without one, the day's end."""
    day = day_of(day_text)
    if day is None:
        return None, False
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::\d{2})?", str(time_text or "").strip())
    stated = bool(found and int(found[1]) < 24 and int(found[2]) < 60)
    clock = time(int(found[1]), int(found[2])) if found and stated else END_OF_DAY
    return datetime.combine(day, clock, LONDON).astimezone(UTC), stated


def pence_of(amount: object) -> int | None:
    """Pounds as whole pence; nothing, nought and nonsense are None, since publishers write 0 for "not stated"."""
    written = str(amount if amount is not None else "").replace(",", "").replace("£", "").strip()
    try:
        pence = (Decimal(written) * 100).to_integral_value()
        return int(pence) if 0 < pence <= MOST_PENCE else None
    except ArithmeticError:
        return None


def title_of(text: object, remarks: list[str]) -> str:
    """A title of at most 300 characters; a cut is remarked."""
    title = line_of(text)
    if len(title) <= TITLE_MOST:
        return title
    remarks.append(f"The title had {len(title)} characters and was cut to {TITLE_MOST}.")
    return title[: TITLE_MOST - 1] + "…"


def value_range(low: int | None, high: int | None) -> tuple[int | None, int | None]:
    """The range the right way round."""
    if low is not None and high is not None and low > high:
        return high, low
    return low, high


def cpv_codes_of(texts: Iterable[object]) -> tuple[str, ...]:
    """CPV codes without check digits, each once, as first seen."""
    return tuple(dict.fromkeys(code for text in texts for code in CPV.findall(str(text or ""))))


def regions_of(texts: Iterable[object]) -> tuple[str, ...]:
    """Our region names among names and ITL or NUTS codes, each once, as first seen."""
    found: list[str] = []
    for text in texts:
        for part in str(text or "").split(","):
            name = REGION_OF_NAME.get(" ".join(part.lower().split()))
            code = re.fullmatch(r"(?:UK|TL)([C-N])[0-9A-Z]{0,2}", part.strip().upper())
            if name or code:
                found.append(name or REGION_OF_CODE[code[1]])  # type: ignore[index]
    return tuple(dict.fromkeys(found))


def link_of(texts: Iterable[object]) -> str:
    """The first web address among texts, at most 500 characters, or nothing."""
    for text in texts:
        found = re.search(r"https?://[^\s<>\"]+", str(text or ""))
        if found and len(found[0]) <= 500:
            return found[0]
    return ""


def claim_of(value: Any) -> bool | None:
    """Yes or no in any of the ways publishers write it; None for anything else."""
    if isinstance(value, bool):
        return value
    return {"yes": True, "true": True, "no": False, "false": False}.get(str(value or "").strip().lower())
