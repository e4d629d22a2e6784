"""Every door walked: each route says who may; no GET changes anything; addresses are kebab-case."""

from __future__ import annotations

import re

from flask import Flask

from marketplace.accounts.permissions import PERMISSIONS, ROLES

NOT_OURS = {"static"}


def _routes(app: Flask):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in NOT_OURS]


def test_every_route_says_who_may(whole_app: Flask) -> None:
    silent = [
        f"{rule} ({rule.endpoint})"
        for rule in _routes(whole_app)
        if not hasattr(whole_app.view_functions[rule.endpoint], "access")
    ]
    assert not silent, f"Add @public, @signed_in or @may(...): {silent}"


def test_every_permission_is_granted_to_a_known_role_and_used(whole_app: Flask) -> None:
    known = {f"{kind}.{role}" for kind, roles in ROLES.items() for role in roles}
    used = {getattr(whole_app.view_functions[rule.endpoint], "access", "") for rule in _routes(whole_app)}
    for permission, roles in PERMISSIONS.items():
        assert roles and roles <= known, f"{permission} is granted to nobody known"
    unused = sorted(set(PERMISSIONS) - used)
    assert not unused, f"No route asks for these; take them out of permissions.py: {unused}"


def test_addresses_are_kebab_case_and_can_be_kept(whole_app: Flask) -> None:
    odd = [
        str(rule)
        for rule in _routes(whole_app)
        if not re.fullmatch(r"(/([a-z0-9.-]+|<[^>]+>(\.[a-z]+)?)?)+", str(rule))
    ]
    assert not odd, odd


def test_every_changing_route_is_a_post_only_or_a_form(whole_app: Flask) -> None:
    wrong = [str(rule) for rule in _routes(whole_app) if rule.methods and rule.methods & {"PUT", "PATCH", "DELETE"}]
    assert not wrong, f"Forms without JavaScript can only GET and POST: {wrong}"
