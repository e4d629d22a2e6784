"""Where things are, as finely as an outward code tells: region, position and distance in miles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from math import asin, cos, radians, sin, sqrt

from marketplace.reference import outcodes

REGIONS = (
    "East Midlands",
    "East of England",
    "London",
    "North East",
    "North West",
    "South East",
    "South West",
    "West Midlands",
    "Yorkshire and The Humber",
    "Northern Ireland",
    "Scotland",
    "Wales",
)
EARTH_RADIUS_MILES = 3958.8
POSTCODE = re.compile(r"(GIR|[A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})")
OUTCODE = re.compile(r"GIR|[A-Z]{1,2}[0-9][A-Z0-9]?")


@dataclass(frozen=True)
class Place:
    """The middle of an outward code's area; `is_approximate` when only the wider postcode area is known."""

    outcode: str
    town: str
    region: str
    nation: str
    latitude: float
    longitude: float
    is_approximate: bool = False


def normalise_postcode(text: str) -> str | None:
    """A full postcode as "LN1 1YL", or None when it does not have the shape of one."""
    found = POSTCODE.fullmatch(_letters_and_digits(text))
    return f"{found[1]} {found[2]}" if found else None


def outcode_of(text: str) -> str | None:
    """The outward code of a full postcode or of an outward code alone, or None."""
    squeezed = _letters_and_digits(text)
    full = POSTCODE.fullmatch(squeezed)
    if full:
        return full[1]
    return squeezed if OUTCODE.fullmatch(squeezed) else None


def find_place(postcode: str) -> Place | None:
    """Where a postcode or outward code is; a code newer than the list falls back to the middle of its area."""
    outcode = outcode_of(postcode)
    if outcode is None:
        return None
    return _places().get(outcode) or _area_middle(outcode)


def distance_miles(one: Place, other: Place) -> float:
    """Great-circle distance between two places, in statute miles."""
    return miles_between(one.latitude, one.longitude, other.latitude, other.longitude)


def miles_between(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Great-circle distance between two positions in degrees, in statute miles."""
    north, to_north = radians(latitude), radians(to_latitude)
    half_chord = (
        sin((to_north - north) / 2) ** 2 + cos(north) * cos(to_north) * sin(radians(to_longitude - longitude) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_MILES * asin(min(1.0, sqrt(half_chord)))


def _letters_and_digits(text: str) -> str:
    return re.sub(r"[\s.,-]+", "", text).upper()


@cache
def _places() -> dict[str, Place]:
    return {
        each.outcode: Place(each.outcode, each.town, each.region, each.nation, each.latitude, each.longitude)
        for each in outcodes()
    }


def _area_middle(outcode: str) -> Place | None:
    letters = _area_letters(outcode)
    near = [place for place in _places().values() if _area_letters(place.outcode) == letters]
    if not near:
        return None
    regions = sorted(place.region for place in near)
    commonest = max(near, key=lambda place: regions.count(place.region))
    return Place(
        outcode,
        "",
        commonest.region,
        commonest.nation,
        sum(place.latitude for place in near) / len(near),
        sum(place.longitude for place in near) / len(near),
        is_approximate=True,
    )


def _area_letters(outcode: str) -> str:
    return outcode.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ").rstrip("0123456789") or outcode
