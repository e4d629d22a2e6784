"""Postcodes, places and distances."""

import pytest

from marketplace.core.geography import (
    REGIONS,
    distance_miles,
    find_place,
    normalise_postcode,
    outcode_of,
)
from marketplace.reference import councils, outcodes


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("ln1 1yl", "LN1 1YL"),
        ("LN11YL", "LN1 1YL"),
        (" sw1a\u00a01aa ", "SW1A 1AA"),
        ("gir0aa", "GIR 0AA"),
        ("CA201PG", "CA20 1PG"),
        ("LN1", None),
        ("London", None),
        ("", None),
        ("1LN 1YL", None),
        ("LN1 1YLL", None),
    ],
)
def test_postcodes_are_written_one_way(typed: str, written: str | None) -> None:
    assert normalise_postcode(typed) == written


def test_outcode_of_whole_and_half_postcodes() -> None:
    assert outcode_of("ec1a 1bb") == "EC1A"
    assert outcode_of("ec1a") == "EC1A"
    assert outcode_of("somewhere") is None


def test_places_have_regions_that_councils_have_too() -> None:
    assert {each.region for each in councils()} == set(REGIONS)
    assert {each.region for each in outcodes()} == {*REGIONS, "Crown Dependencies"}
    place = find_place("LN1 1YL")
    assert place is not None
    assert (place.region, place.nation, place.is_approximate) == ("East Midlands", "England", False)


def test_a_newer_outcode_falls_back_to_the_middle_of_its_area() -> None:
    place = find_place("G75 8EA")
    assert place is not None
    assert (place.outcode, place.region, place.is_approximate) == ("G75", "Scotland", True)
    assert find_place("ZZ1 1ZZ") is None
    assert find_place("nowhere") is None


def test_distance_between_reading_and_lincoln() -> None:
    reading, lincoln = find_place("RG1"), find_place("LN1")
    assert reading is not None
    assert lincoln is not None
    assert distance_miles(reading, lincoln) == pytest.approx(124, abs=4)
    assert distance_miles(lincoln, reading) == distance_miles(reading, lincoln)
    assert distance_miles(reading, reading) == 0
