"""Reference data: complete, linked up, and read as typed rows."""

import re

import pytest

from marketplace.reference import (
    capabilities,
    common_passwords,
    councils,
    councils_for_email,
    cpv_codes,
    find_council,
    find_cpv,
    outcodes,
)


def test_councils_have_unique_codes_and_names() -> None:
    assert len(councils()) == 397
    assert len({each.code for each in councils()}) == len({each.name for each in councils()}) == 397
    assert {each.nation for each in councils()} == {"England", "Wales", "Scotland", "Northern Ireland"}


def test_a_council_is_found_by_its_code_in_any_case() -> None:
    hackney = find_council("hck")
    assert hackney is not None
    assert (hackney.nice_name, hackney.region, hackney.web_domain) == ("Hackney", "London", "hackney.gov.uk")
    assert find_council("ZZZZ") is None


@pytest.mark.parametrize(
    ("email", "codes"),
    [
        ("officer@hackney.gov.uk", ["HCK"]),
        ("Officer@Digital.Hackney.GOV.UK", ["HCK"]),
        ("a@leics.gov.uk", ["LEC"]),
        ("a@leicestershire.gov.uk", ["LEC"]),
        ("a@adur-worthing.gov.uk", ["ADU", "WOT"]),
        ("a@nothackney.gov.uk", []),
        ("a@hackney.gov.uk.example.com", []),
        ("a@gov.uk", []),
        ("hackney.gov.uk", []),
        ("", []),
    ],
)
def test_email_domains_name_councils(email: str, codes: list[str]) -> None:
    assert [each.code for each in councils_for_email(email)] == codes


def test_most_councils_can_be_known_by_email() -> None:
    assert sum(bool(each.email_domains) for each in councils()) == 382


def test_cpv_codes_have_eight_digits_and_known_parents() -> None:
    assert all(re.fullmatch(r"\d{8}", each.code) for each in cpv_codes())
    assert all(find_cpv(each.division + "000000") for each in cpv_codes())
    found = find_cpv("72000000-5")
    assert found is not None
    assert found.title.startswith("IT services")
    assert find_cpv("45000000") is not None
    assert find_cpv("12345678") is None


def test_capabilities_are_unique_and_filed_under_real_codes() -> None:
    assert len({each.code for each in capabilities()}) == len(capabilities()) >= 60
    assert len({each.title.lower() for each in capabilities()}) == len(capabilities())
    assert all(each.cpv_codes and all(map(find_cpv, each.cpv_codes)) for each in capabilities())
    assert all(each.also_called for each in capabilities())


def test_outcodes_are_in_these_islands() -> None:
    assert all(49 < each.latitude < 61 and -9 < each.longitude < 2 for each in outcodes())
    assert len({each.outcode for each in outcodes()}) == len(outcodes()) == 2856


def test_common_passwords_are_lower_case_lines() -> None:
    assert {"password123", "qwertyuiop", "council123"} <= common_passwords()
    assert all(each == each.lower() and " " not in each for each in common_passwords())
