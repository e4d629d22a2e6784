"""A firm's pages for its solutions and past work."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for

from marketplace.accounts.access import get_member, may
from marketplace.core.acting import form_that_acts, on_to
from marketplace.core.pages import page
from suppliers.solutions import actions, queries
from suppliers.solutions.forms import FORMS
from suppliers.solutions.rules import KINDS

blueprint = Blueprint("solutions", __name__)


@blueprint.route("/supplier/solutions")
@may("see_supplier_area")
def index() -> Any:
    """What the firm offers and has done."""
    works = queries.solutions_of(get_member().organisation_id)
    groups = [(kind, label, [each for each in works if each.kind == kind]) for kind, label in KINDS.items()]
    return page("suppliers/solutions/index.html", title="Solutions and past work", groups=groups)


@blueprint.route("/supplier/solutions/new", methods=["GET", "POST"])
@may("edit_profile")
def add() -> Any:
    """Adds one; ?kind= says which of the two."""
    kind = "past_work" if request.args.get("kind") == "past_work" else "solution"
    form = FORMS[kind]()
    return form_that_acts(
        "suppliers/solutions/edit.html",
        title="Add a solution" if kind == "solution" else "Add past work",
        form=form,
        act=lambda: actions.add_solution(get_member(), kind, form.words()),
        done=f"{KINDS[kind]} added.",
        back=url_for("solutions.index"),
        solution=None,
    )


@blueprint.route("/supplier/solutions/<int:solution_id>", methods=["GET", "POST"])
@may("edit_profile")
def change(solution_id: int) -> Any:
    """Changes the words of one."""
    solution = queries.get_solution(solution_id, get_member().organisation_id)
    form = FORMS[solution.kind](obj=solution)
    return form_that_acts(
        "suppliers/solutions/edit.html",
        title=f"Change “{solution.title}”",
        form=form,
        act=lambda: actions.change_solution(get_member(), solution_id, form.words()),
        done="Changes saved.",
        back=url_for("solutions.index"),
        solution=solution,
    )


@blueprint.route("/supplier/solutions/<int:solution_id>/remove", methods=["GET", "POST"])
@may("edit_profile")
def remove(solution_id: int) -> Any:
    """Asks first, then takes it off the profile."""
    solution = queries.get_solution(solution_id, get_member().organisation_id)
    if request.method == "POST":
        title = solution.title
        actions.remove_solution(get_member(), solution_id)
        return on_to(url_for("solutions.index"), f"“{title}” is no longer on your profile.")
    return page("suppliers/solutions/remove.html", title="Remove from your profile", solution=solution)
