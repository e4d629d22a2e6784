"""Acting: a page whose form does something, or says at the right fields what stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import flash, redirect
from werkzeug.wrappers import Response

from marketplace.core.errors import Problems
from marketplace.core.forms import Form, add_problems
from marketplace.core.pages import page

T = TypeVar("T")


def acted(form: Form, act: Callable[[], object]) -> bool:
    """Whether the form was sent well and the act is done; the problems of a refused act stand at their fields."""
    if not form.validate_on_submit():
        return False
    try:
        act()
    except Problems as refused:
        add_problems(form, refused.problems)
        return False
    return True


def made(form: Form, make: Callable[[], T]) -> T | None:
    """What `make` gave back, as acted() would have done it; None when nothing was done."""
    found: list[T] = []
    acted(form, lambda: found.append(make()))
    return found[0] if found else None


def on_to(address: str, told: str, kind: str = "success") -> Response:
    """Leads to an address that says there, once, what was told; a browser that reloads it sends nothing again."""
    flash(told, kind)
    return redirect(address, 303)


def form_that_acts(
    template: str,
    *,
    title: str,
    form: Form,
    act: Callable[[], object],
    done: str | Callable[[], str],
    back: str,
    to: str = "",
    **context: Any,
) -> Response:
    """A page with one form: done, it leads on and says so; else it is shown, with what stands in the way.

    `back` is where the page's own link leads, and the way on unless `to` names another. `done` may be asked for
    after the act, when its words depend on what happened. What `context` costs is paid before the act: a page that
    has to read much, or what a refused act left, calls acted() and then page().
    """
    if acted(form, act):
        return on_to(to or back, done() if callable(done) else done)
    return page(template, title=title, form=form, back=back, **context)


def button_that_acts(act: Callable[[], object], *, done: str, back: str, refused: str = "") -> Response:
    """A button without fields: leads to `back` and says what is done, or to `refused` and says why it is not."""
    try:
        act()
    except Problems as problems:
        return on_to(refused or back, problems.message, "notice")
    return on_to(back, done)
