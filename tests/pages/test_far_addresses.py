"""Numbers and days that no row has: an address that leads nowhere says so, and a form asks again."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from marketplace.core.tokens import make_token
from search import actions, kept
from search.emails import STOP_FOLLOW
from tests import making
from tests.pageclient import PageClient

TOO_LARGE = 10**23
HOMES = {"authority": "/council/", "supplier": "/supplier/", "platform": "/admin/"}
ROLE = {"authority": "officer", "supplier": "admin", "platform": "administrator"}


def _sign_in(client: PageClient, kind: str) -> None:
    email = f"{kind}@example.org"
    of = making.supplier().organisation if kind == "supplier" else making.organisation(kind)
    making.member(of, ROLE[kind], email=email)
    client.sign_in(email, making.PASSWORD)


@pytest.mark.parametrize("kind", HOMES)
def test_a_number_larger_than_any_row_leads_nowhere(client: PageClient, whole_app: Flask, kind: str) -> None:
    _sign_in(client, kind)
    tried = 0
    for rule in whole_app.url_map.iter_rules():
        if "<int:" in rule.rule and rule.rule.startswith(HOMES[kind]) and rule.methods and "GET" in rule.methods:
            path = re.sub(r"<[^>]*>", "x", re.sub(r"<int:[^>]*>", str(TOO_LARGE), rule.rule))
            client.get(path, status=404)
            tried += 1
    assert tried > 3


def test_the_last_day_of_all_can_be_asked_for(client: PageClient) -> None:
    making.member(making.organisation("audit_body"), "auditor", email="au@example.org")
    client.sign_in("au@example.org", making.PASSWORD)
    client.get("/audit/journal?from=0001-01-01&to=9999-12-31")


def test_a_supplier_with_an_impossible_number_is_not_invited(client: PageClient) -> None:
    officer = making.officer(email="of@example.org")
    reference = making.open_need(officer.organisation).reference
    client.sign_in("of@example.org", making.PASSWORD)
    path = f"/council/needs/{reference}/matches"
    token = client.get("/account/name").soup.find("input", {"name": "csrf_token"})["value"]
    sent = {"csrf_token": token, "supplier": str(TOO_LARGE), "reason": "They know bins."}
    client.post(path, status=422, data=sent)


def test_a_name_that_no_database_can_hold_leads_nowhere(client: PageClient, whole_app: Flask) -> None:
    tried = 0
    for rule in whole_app.url_map.iter_rules():
        if rule.rule.startswith(("/needs/", "/suppliers/", "/councils/", "/saved-searches/", "/follows/")):
            client.get(re.sub(r"<[^>]*>", "a%00b", re.sub(r"<int:[^>]*>", "1", rule.rule)), status=404, follow=False)
            tried += 1
    assert tried > 8


@pytest.mark.parametrize("after", ["99999999999-1", "1-2147483648", "20261201T120000.000000Z-99999999999"])
def test_a_key_beyond_any_row_is_refused(client: PageClient, after: str) -> None:
    for path in ("/needs", "/suppliers"):
        client.get(f"{path}?after={after}", status=400)


def test_what_a_link_from_a_mail_shows_is_kept_by_no_cache(client: PageClient, whole_app: Flask) -> None:
    need = making.open_need()
    actions.ask_to_follow(need.reference, "ann@example.org")
    follow = kept.find_follow(need.id, "ann@example.org")
    assert follow is not None
    page = client.get(f"/follows/{make_token(STOP_FOLLOW, follow.id)}/stop")
    assert page.response.headers["Cache-Control"] == "no-store"
    tokens = [rule.rule for rule in whole_app.url_map.iter_rules() if {"token", "link"} & rule.arguments]
    assert len(tokens) > 7
    for rule in tokens:
        response = client.client.get(re.sub(r"<[^>]*>", "1-x", rule))
        assert response.headers["Cache-Control"] == "no-store", rule
        response.close()
