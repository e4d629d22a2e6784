"""Passwords, roles, leaving, domains, links, and addresses to go on to: without a database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.accounts import rules
from marketplace.accounts.access import is_safe_next
from marketplace.accounts.models import Invitation, Organisation, Person, Token
from tests.conftest import START


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "10 characters or more"),
        ("nine char", "10 characters or more"),
        ("x" * 129, "128 characters or fewer"),
        ("qwertyuiop", "well known"),
        ("QwertyUIOP", "well known"),
        ("aaaaaaaaaaaaaaa", "well known"),
        ("ann.smith@hackney.gov.uk", "email address"),
        ("Ann.Smith@Hackney.gov.uk", "email address"),
    ],
)
def test_weak_passwords_are_refused_with_what_to_do(password: str, words: str) -> None:
    (problem,) = rules.password_problems(password, "ann.smith@hackney.gov.uk")
    assert words in problem.message and problem.field == "password"


@pytest.mark.parametrize("password", ["wobbly table leg", "ten chars.", "x1y2" * 32, "pässwörter sind lang"])
def test_long_enough_and_unusual_passwords_pass(password: str) -> None:
    assert rules.password_problems(password, "ann@hackney.gov.uk") == []


@pytest.mark.parametrize(
    ("kind", "roles", "words"),
    [
        ("authority", [], "at least one"),
        ("authority", ["auditor"], "from the list"),
        ("supplier", ["officer"], "from the list"),
        ("authority", ["officer", "approver"], "not both"),
        ("authority", ["officer", "evaluator"], ""),
        ("supplier", ["admin", "bidder"], ""),
        ("audit_body", ["auditor"], ""),
    ],
)
def test_which_roles_go_together(kind: str, roles: list[str], words: str) -> None:
    problems = rules.role_problems(kind, roles)
    assert bool(problems) == bool(words)
    assert not words or words in problems[0].message


def test_nobody_changes_their_own_roles() -> None:
    assert rules.change_problems("authority", ["approver"], is_self=True, is_last=False)
    assert not rules.change_problems("authority", ["approver"], is_self=False, is_last=False)


def test_the_last_who_manages_people_keeps_that_role() -> None:
    assert rules.change_problems("supplier", ["bidder"], is_self=False, is_last=True)
    assert not rules.change_problems("supplier", ["admin"], is_self=False, is_last=True)
    assert rules.leaving_problems(is_last=True, has_colleagues=True)
    assert not rules.leaving_problems(is_last=True, has_colleagues=False)
    assert not rules.leaving_problems(is_last=False, has_colleagues=True)


@pytest.mark.parametrize(
    ("email", "is_in"),
    [
        ("a@hackney.gov.uk", True),
        ("A@Housing.Hackney.gov.uk ", True),
        ("a@nothackney.gov.uk", False),
        ("a@hackney.gov.uk.example.com", False),
        ("hackney.gov.uk@example.com", False),
    ],
)
def test_an_address_is_in_a_domain_or_below_it(email: str, is_in: bool) -> None:
    assert rules.is_in_domains(email, ["hackney.gov.uk"]) is is_in
    assert rules.is_in_domains(email, []) is False


def _token(**facts: object) -> Token:
    person = Person(session_version=2, erased_at=None)
    return Token(**{"person": person, "session_version": 2, "expires_at": START, **facts})


def test_a_link_ends_by_time_use_and_change_of_password() -> None:
    before = START - timedelta(microseconds=1)
    assert rules.is_usable(_token(), before)
    assert not rules.is_usable(_token(), START)
    assert not rules.is_usable(_token(used_at=before), before)
    assert not rules.is_usable(_token(session_version=1), before)
    assert not rules.is_usable(_token(person=Person(session_version=2, erased_at=before)), before)


def test_an_invitation_ends_by_time_use_withdrawal_and_suspension() -> None:
    def problems(**facts: object) -> list[str]:
        organisation = Organisation(name="Firm", suspended_at=facts.pop("suspended_at", None))
        invitation = Invitation(**{"organisation": organisation, "expires_at": START, **facts})
        return [each.message for each in rules.invitation_problems(invitation, START - timedelta(seconds=1))]

    assert problems() == []
    assert "used" in problems(accepted_at=START)[0]
    assert "withdrawn" in problems(withdrawn_at=START)[0]
    assert "7 days" in problems(expires_at=START - timedelta(seconds=1))[0]
    assert "suspended" in problems(suspended_at=START)[0]


@pytest.mark.parametrize("target", ["/", "/needs?q=a%20b", "/council/needs/N-2026-0001"])
def test_addresses_on_this_site_are_gone_on_to(target: str) -> None:
    assert is_safe_next(target)


@pytest.mark.parametrize(
    "target",
    ["", "needs", "//evil.example", "/\\evil.example", "/\t/evil.example", "/\n/evil.example", "https://evil.example",
     "javascript:alert(1)", "/needs\\..\\x"],
)  # fmt: skip
def test_addresses_elsewhere_are_not(target: str) -> None:
    assert not is_safe_next(target)
