"""The lists of needs and suppliers, and the needs as feeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Response, redirect, render_template, request
from markupsafe import Markup
from sqlalchemy import select

from marketplace import config
from marketplace.accounts.access import get_member, has_permission, public
from marketplace.core import clock, db
from marketplace.core.errors import NotFound
from marketplace.core.pages import PageOf, page
from search import cards, feeds, filters, plain_lists
from search.asking import (
    ALL,
    Question,
    ask_for_all,
    ask_needs,
    ask_suppliers,
    in_words,
)
from search.blueprint import blueprint
from search.documents import Kind, Status
from search.engine import PAGE_SIZE, Hit, Results, Sort
from search.finding import Found, find, find_counts, find_reference_of, find_references
from search.kept import find_saved_search
from search.queries import also_searched, describe, parse_query
from tenders.needs.models import Need

PATHS = {Kind.NEED: "/needs", Kind.SUPPLIER: "/suppliers"}
FEED_SIZE, CALENDAR_SIZE = 50, 500
TITLES = {Kind.NEED: "Needs", Kind.SUPPLIER: "Suppliers"}


@blueprint.route("/needs")
@public
def needs() -> Any:
    question = ask_needs(request.args)
    reference = find_reference_of(question.text)
    if reference:
        return redirect(f"/needs/{reference}")
    if question.is_plain:
        _refuse_number(question)
        now = clock.now()
        listed = plain_lists.open_needs(question.after)
        shown = [cards.open_need_card(each, now) for each in listed.rows]
        return _plain_page("search/needs.html", "Open needs", question, shown, listed.next_key)
    return _found_page("search/needs.html", question)


@blueprint.route("/suppliers")
@public
def suppliers() -> Response:
    question = ask_suppliers(request.args)
    if question.is_plain:
        _refuse_number(question)
        listed = plain_lists.public_suppliers_page(question.after)
        shown = [cards.supplier_row_card(each) for each in listed.rows]
        return _plain_page("search/suppliers.html", "Suppliers", question, shown, listed.next_key)
    return _found_page("search/suppliers.html", question)


def _refuse_number(question: Question) -> None:
    """The plain lists go on by key, so that a page has no number; page 1 in place of page 2 would be a lie."""
    if question.page > 1:
        path = PATHS[question.kind]
        raise NotFound(f"This list has no page {question.page}: go to {path} and on from there with “Next page”.")


def _plain_page(template: str, title: str, question: Question, shown: list[cards.Card], next_key: str) -> Response:
    return page(
        template,
        title=title,
        question=question,
        form_html=_plain_form(question),
        cards=shown,
        next_key=next_key,
        found=None,
    )


def _plain_form(question: Question) -> Markup:
    if question.typed:
        return _form(question, None)
    now, key = clock.now(), (str(config.current().home), question.kind)
    kept = filters.PLAIN_FORMS.get(key)
    if kept is None or not timedelta() <= now - kept[0] < filters.PLAIN_FORM_KEPT:
        kept = filters.PLAIN_FORMS[key] = now, _form(question, find_counts(question))
    return kept[1]


def _form(question: Question, results: Results | None) -> Markup:
    return Markup(
        render_template(
            "search/_form.html",
            question=question,
            path=PATHS[question.kind],
            groups=filters.groups(question, results),
            sorts=filters.sorts(question),
            miles=filters.miles(question, results),
        )
    )


def _found_page(template: str, question: Question) -> Response:
    found = find(question)
    hits = found.results.hits
    may_save = question.kind is Kind.NEED and has_permission("save_search")
    return page(
        template,
        title=_title(question),
        question=question,
        form_html=_form(question, found.results),
        cards=_cards(question, hits),
        next_key="",
        found=found,
        listed=PageOf(hits, question.page, PAGE_SIZE, found.results.total),
        chips=filters.chips(question, PATHS[question.kind]),
        without_filters=_address(PATHS[question.kind], question.text, []) or PATHS[question.kind],
        meaning=describe(question.query),
        also=also_searched(question.query),
        order=filters.order_in_words(question),
        past=_past(question, found),
        may_save=may_save,
        saved=find_saved_search(get_member().person_id, question.query_string) if may_save else None,
        **_suggestions(question, found),
    )


def _cards(question: Question, hits: Iterable[Hit]) -> list[cards.Card]:
    near, now = question.filters.near, clock.now()
    if question.kind is Kind.NEED:
        return [cards.need_card(each, now, near) for each in hits]
    return [cards.supplier_card(each, near) for each in hits]


def _title(question: Question) -> str:
    name = TITLES[question.kind]
    return f"{name}: {question.text}" if question.text else f"{name}: {in_words(question)}"


def _past(question: Question, found: Found) -> tuple[int, str]:
    """How many past needs the question would find beside the open ones shown, and the address that shows all."""
    if question.kind is Kind.SUPPLIER or question.chosen("status"):
        return 0, ""
    counts = found.results.facets.get("status", ())
    address = f"/needs?{urlencode([*question.values, ('status', ALL)])}"
    return sum(each.count for each in counts if each.value != Status.OPEN), address


def _suggestions(question: Question, found: Found) -> dict[str, Any]:
    """What to try when little or nothing was found: another spelling, close matches, fewer filters."""
    rest = [pair for pair in question.values if pair[0] != "q"]
    path = PATHS[question.kind]
    mended = {"mended": _address(path, found.results.did_you_mean, rest)}
    if found.results.total:
        return mended
    return mended | {
        "close_cards": _cards(question, found.close.hits) if found.close else [],
        "close_meaning": describe(parse_query(found.close_text)),
        "wider": _address(path, found.close_text, rest),
        "unfiltered": _address(path, question.text, []) if rest and question.text else "",
    }


def _address(path: str, text: str | None, rest: Iterable[tuple[str, str]]) -> str:
    return f"{path}?{urlencode([('q', text), *rest])}" if text else ""


@blueprint.route("/needs.atom")
@public
def needs_atom() -> Response:
    question = ask_for_all(Kind.NEED, request.args)
    title = f"Needs: {in_words(question)}" if question.values else "New needs"
    needs = _feed_needs(question, Sort.NEWEST, FEED_SIZE)
    return feeds.atom(needs, title, _with_question("/needs.atom", question), _with_question("/needs", question))


@blueprint.route("/needs.ics")
@public
def needs_ics() -> Response:
    question = ask_for_all(Kind.NEED, request.args)
    return feeds.calendar(_feed_needs(question, Sort.CLOSING_SOONEST, CALENDAR_SIZE), "Closing times of needs")


def _with_question(path: str, question: Question) -> str:
    return f"{path}?{question.query_string}" if question.values else path


_FEED_COLUMNS: tuple[Any, ...] = (
    Need.reference, Need.title, Need.summary, Need.buyer_name, Need.published_at, Need.closes_at,
    Need.estimated_value_pence,
)  # fmt: skip
_FEED = select(*_FEED_COLUMNS).where(Need.published_at.is_not(None))


def _feed_needs(question: Question, sort: Sort, most: int) -> list[feeds.FeedNeed]:
    """The first needs of a question in a feed's own order; a feed of everything has past needs too, a calendar none."""
    if not question.is_plain:
        references = find_references(replace(question, sort=sort))[:most]
        rows = {row.reference: row for row in db.session.execute(_FEED.where(Need.reference.in_(references)))}
        return [feeds.FeedNeed(*rows[each]) for each in references if each in rows]
    if sort is Sort.CLOSING_SOONEST:
        query = _FEED.where(plain_lists.is_open(clock.now())).order_by(Need.closes_at, Need.id)
    else:
        query = _FEED.order_by(Need.published_at.desc(), Need.id.desc())
    return [feeds.FeedNeed(*row) for row in db.session.execute(query.limit(most))]
