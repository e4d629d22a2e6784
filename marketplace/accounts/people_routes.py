"""The people of an organisation, the same pages for councils and suppliers; and accepting an invitation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, url_for
from flask_login import current_user

from marketplace.accounts import joining, people, queries, rules
from marketplace.accounts.access import get_member, has_permission, may, public
from marketplace.accounts.account_routes import role_titles
from marketplace.accounts.blueprint import blueprint
from marketplace.accounts.forms import AcceptForm, InviteForm, PressForm, RolesForm
from marketplace.accounts.models import Authority
from marketplace.accounts.permissions import PERMISSION_OF_PEOPLE
from marketplace.accounts.visiting import welcome
from marketplace.core import clock, db
from marketplace.core.acting import form_that_acts, on_to
from marketplace.core.errors import NotFound, Problems
from marketplace.core.forms import add_problems
from marketplace.core.pages import page

SIDES = {"authority": "council", "supplier": "supplier"}


def _address(view: str = "people", **parts: Any) -> str:
    """The address of one of these pages on the side of the member who looks."""
    return url_for(f"accounts.{SIDES[get_member().organisation.kind]}_{view}", **parts)


def people_page() -> Any:
    member = get_member()
    kind, organisation_id = member.organisation.kind, member.organisation_id
    return page(
        "marketplace/accounts/people.html",
        title="People",
        organisation=member.organisation,
        members=queries.members_of(organisation_id),
        requests=queries.requests_of(organisation_id),
        invitations=queries.open_invitations_of(organisation_id),
        manages=has_permission(PERMISSION_OF_PEOPLE[kind]),
        acting=member,
        address=_address,
        role_titles=role_titles,
    )


def invite() -> Any:
    member = get_member()
    form = InviteForm(member.organisation.kind)
    authority = db.session.get(Authority, member.organisation_id)
    return form_that_acts(
        "marketplace/accounts/invite.html",
        title="Invite a colleague",
        form=form,
        act=lambda: people.invite_colleague(
            member.organisation, form.email.data, form.roles.data, member, form.name.data
        ),
        done=f"We have emailed an invitation to {form.email.data}",
        back=_address(),
        domains=authority.domains if authority else [],
    )


def roles(membership_id: int) -> Any:
    member = get_member()
    colleague = queries.get_membership_of(membership_id, member.organisation_id)
    form = RolesForm(member.organisation.kind, roles=sorted(colleague.roles))
    return form_that_acts(
        "marketplace/accounts/roles.html",
        title=f"Roles of {colleague.person.name}",
        form=form,
        act=lambda: joining.change_roles(membership_id, member.organisation_id, form.roles.data, member),
        done="The roles are changed",
        back=_address(),
        colleague=colleague,
    )


def remove(membership_id: int) -> Any:
    member = get_member()
    colleague = queries.get_membership_of(membership_id, member.organisation_id)
    return form_that_acts(
        "marketplace/accounts/remove.html",
        title=f"Remove {colleague.person.name}?",
        form=PressForm(),
        act=lambda: joining.end_membership(membership_id, member.organisation_id, member),
        done=f"{colleague.person.name} can no longer act for {member.organisation.name}",
        back=_address(),
        colleague=colleague,
    )


def decide(membership_id: int) -> Any:
    member = get_member()
    asked = queries.get_membership_of(membership_id, member.organisation_id)
    if asked not in queries.requests_of(member.organisation_id):
        raise NotFound("This request waits for somebody else, or has been decided.")
    form = RolesForm(member.organisation.kind, roles=sorted(asked.roles))
    return form_that_acts(
        "marketplace/accounts/decide.html",
        title=f"{asked.person.name} asks to join",
        form=form,
        act=lambda: joining.approve_request(membership_id, member.organisation_id, form.roles.data, member),
        done=f"{asked.person.name} is now a member",
        back=_address(),
        asked=asked,
        refuse=_address("refuse", membership_id=membership_id),
    )


def refuse(membership_id: int) -> Any:
    member = get_member()
    joining.refuse_request(membership_id, member.organisation_id, member)
    return on_to(_address(), "The request is refused, and the person is told")


def withdraw(invitation_id: int) -> Any:
    member = get_member()
    people.withdraw_invitation(invitation_id, member.organisation_id, member)
    return on_to(_address(), "The invitation is withdrawn")


# view, path below /<side>/people, methods; whoever only reads needs the side's own permission.
PAGES: tuple[tuple[Callable[..., Any], str, str, list[str]], ...] = (
    (invite, "invite", "/invite", ["GET", "POST"]),
    (roles, "roles", "/<int:membership_id>/roles", ["GET", "POST"]),
    (remove, "remove", "/<int:membership_id>/remove", ["GET", "POST"]),
    (decide, "decide", "/requests/<int:membership_id>", ["GET", "POST"]),
    (refuse, "refuse", "/requests/<int:membership_id>/refuse", ["POST"]),
    (withdraw, "withdraw", "/invitations/<int:invitation_id>/withdraw", ["POST"]),
)
READERS = {"authority": "see_council", "supplier": "see_supplier_area"}


def _hang(kind: str, side: str) -> None:
    readers, managers = READERS[kind], PERMISSION_OF_PEOPLE[kind]
    blueprint.add_url_rule(f"/{side}/people", f"{side}_people", may(readers)(people_page))
    for view, name, path, methods in PAGES:
        blueprint.add_url_rule(f"/{side}/people{path}", f"{side}_{name}", may(managers)(view), methods=methods)


for _kind, _side in SIDES.items():
    _hang(_kind, _side)


@blueprint.route("/invitations/<link>", methods=["GET", "POST"])
@public
def invitation(link: str) -> Any:
    """Accepting an invitation: with an account by one button, without one by name and password."""
    invited = people.find_invited(link)
    known = queries.find_person(invited.email)
    form: AcceptForm | PressForm = PressForm() if known else AcceptForm(name=invited.name)
    problems = rules.invitation_problems(invited, clock.now())
    is_theirs = known is not None and current_user.is_authenticated and current_user.id == known.id
    if form.validate_on_submit() and not problems and (is_theirs or known is None):
        try:
            return _accept(link, form)
        except Problems as refused:
            add_problems(form, refused.problems)
    return page(
        "marketplace/accounts/invitation.html",
        title=f"Join {invited.organisation.name}",
        form=form,
        invited=invited,
        problems=problems,
        has_account=known is not None,
        is_theirs=is_theirs,
        role_titles=role_titles,
        here=url_for("accounts.invitation", link=link),
    )


def _accept(link: str, form: AcceptForm | PressForm) -> Any:
    if isinstance(form, AcceptForm):
        person = people.accept_as_new_person(link, form.name.data, form.password.data)
    else:
        person = people.accept_as_member(link, current_user.id)
    flash("You have accepted the invitation", "success")
    return welcome(person)
