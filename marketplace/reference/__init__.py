"""Reference data that ships with the marketplace, read once from the CSV files beside this page."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Council:
    """A UK council as the register of local authorities names it; `population` is the 2020 estimate."""

    code: str
    name: str
    nice_name: str
    gss: str
    nation: str
    region: str
    type: str
    type_name: str
    population: int | None
    latitude: float | None
    longitude: float | None
    homepage: str
    web_domain: str
    email_domain_2016: str

    @property
    def email_domains(self) -> tuple[str, ...]:
        """The domains that its people's e-mail may come from, without repeats."""
        return tuple(dict.fromkeys(filter(None, (self.web_domain, self.email_domain_2016))))


@dataclass(frozen=True)
class Outcode:
    """The first half of a postcode and the middle of the area that it serves, in degrees."""

    outcode: str
    town: str
    region: str
    nation: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class CpvCode:
    """One code of the Common Procurement Vocabulary 2008, eight digits without the check digit."""

    code: str
    check_digit: str
    title: str
    level: str
    division: str


@dataclass(frozen=True)
class Capability:
    """What a small technology supplier can do, in a buyer's words, with the CPV codes that buyers file it under."""

    code: str
    group: str
    title: str
    also_called: tuple[str, ...]
    cpv_codes: tuple[str, ...]


@cache
def councils() -> tuple[Council, ...]:
    """All current councils and combined authorities, by code."""
    return tuple(
        Council(
            **{
                **row,
                "population": int(row["population"]) if row["population"] else None,
                "latitude": _degrees(row["latitude"]),
                "longitude": _degrees(row["longitude"]),
            }  # type: ignore[arg-type]
        )
        for row in _rows("councils.csv")
    )


@cache
def outcodes() -> tuple[Outcode, ...]:
    """All geographic outward codes, in alphabetical order."""
    return tuple(
        Outcode(
            row["outcode"],
            row["town"],
            row["region"],
            row["nation"],
            float(row["latitude"]),
            float(row["longitude"]),
        )
        for row in _rows("outcodes.csv")
    )


@cache
def cpv_codes() -> tuple[CpvCode, ...]:
    """The CPV codes of the divisions that technology is bought under, in order of code."""
    return tuple(CpvCode(**row) for row in _rows("cpv_digital.csv"))


@cache
def cpv_divisions() -> tuple[CpvCode, ...]:
    """All CPV divisions, so that an imported notice of any trade has a heading."""
    return tuple(CpvCode(**row) for row in _rows("cpv_divisions.csv"))


@cache
def capabilities() -> tuple[Capability, ...]:
    """The list that suppliers tick and councils filter by, grouped."""
    return tuple(
        Capability(
            row["code"],
            row["group"],
            row["title"],
            _parts(row["also_called"]),
            _parts(row["cpv_codes"]),
        )
        for row in _rows("capabilities.csv")
    )


@cache
def common_passwords() -> frozenset[str]:
    """Well-known passwords in lower case, refused for every account."""
    lines = (FOLDER / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("# "))


def find_council(code: str) -> Council | None:
    """The council with this register code, such as HCK."""
    return _councils_by_code().get(code.strip().upper())


def councils_for_email(email: str) -> list[Council]:
    """Councils whose people may write from this address, by name; a shared domain gives several, a stranger none.

    A sub-domain counts. Both the web domain and the one published in 2016 count, because about one council in
    sixteen writes from another domain than it publishes on.
    """
    _, at, host = email.strip().lower().rstrip(".").rpartition("@")
    if not at:
        return []
    labels = host.split(".")
    tails = {".".join(labels[start:]) for start in range(len(labels))}
    return sorted((each for each in councils() if tails & set(each.email_domains)), key=lambda each: each.name)


def find_cpv(code: str) -> CpvCode | None:
    """The digital code or division with these eight digits; a check digit after a hyphen is ignored."""
    return _cpv_by_code().get(code.strip().partition("-")[0])


@cache
def _councils_by_code() -> dict[str, Council]:
    return {each.code: each for each in councils()}


@cache
def _cpv_by_code() -> dict[str, CpvCode]:
    return {each.code: each for each in (*cpv_divisions(), *cpv_codes())}


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _degrees(text: str) -> float | None:
    return float(text) if text else None
