"""The pages on which a need is written, section by section, item by item; the same for a draft and an amendment."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import flash, redirect, request
from werkzeug.wrappers import Response

from marketplace.accounts.access import may
from marketplace.core import clock, db
from marketplace.core.acting import on_to
from marketplace.core.errors import Conflict, Problems
from marketplace.core.forms import Form, add_problems
from marketplace.core.pages import page
from marketplace.reference import Capability, capabilities, cpv_codes
from tenders.needs import content, files, queries, rules, snapshots, timeline
from tenders.needs.advice import clarity_advice, closing_advice
from tenders.needs.amending import as_amended
from tenders.needs.blueprint import blueprint
from tenders.needs.desk import Desk, find_item, get_desk, moved, without
from tenders.needs.forms import SECTION_FORMS, PanelForm, SectionForm
from tenders.needs.item_forms import ITEM_FORMS, NEW_ITEMS, DocumentTitleForm, ItemForm, QuestionForm
from tenders.needs.sections import SECTIONS, Section, get_section
from tenders.regimes import JurisdictionClosed

_NAMES = ", ".join(f"'{each.name}'" for each in SECTIONS)
_LISTS = ", ".join(f"'{each.name}'" for each in SECTIONS if each.items)
_WHERE = ("/council/needs/<reference>", False), ("/council/needs/<reference>/amend", True)
_ITEM = "<int(signed=True):item>"


def _route(tail: str, names: str = _NAMES, methods: tuple[str, ...] = ("GET", "POST")) -> Any:
    """The same page under the draft's address and under the amendment's."""

    def register(view: Any) -> Any:
        for base, is_amendment in _WHERE:
            rule = f"{base}/<any({names}):section>{tail}"
            blueprint.add_url_rule(rule, view_func=view, methods=methods, defaults={"is_amendment": is_amendment})
        return view

    return register


@_route("")
@may("draft_need")
def edit_section(reference: str, section: str, is_amendment: bool) -> Response:
    """One section: its form, its list, or both."""
    desk, part = get_desk(reference, is_amendment), get_section(section)
    try:
        _insist_open_to_read(desk, part)
    except Conflict as closed:
        return _back_home(desk, closed.message)
    form = _section_form(desk, part)
    if form is None:
        return _section_page(desk, part, None)
    if form.validate_on_submit():
        try:
            desk.save(part, form.values(), form.seen.data)
        except Conflict as conflict:
            return _show_both(desk, part, form, conflict)
        except Problems as problems:
            add_problems(form, problems.problems)
        else:
            flash(f"{part.title}: saved", "success")
            if part.name == "dates" and form.values()["closes_at"]:
                warn_of_closing(form.values()["closes_at"])
            return redirect(_after(desk, part))
    return _section_page(desk, part, form)


def warn_of_closing(closes_at: datetime) -> None:
    """Shows what speaks against a closing time that was saved all the same."""
    for message in closing_advice(closes_at):
        flash(f"{message}.", "notice")


def _insist_open_to_read(desk: Desk, part: Section) -> None:
    """A form is offered only while it can be saved; one that was sent is judged by the save, so that no text is lost."""
    if request.method == "GET":
        desk.insist_open(part)


def _after(desk: Desk, part: Section) -> str:
    return desk.address(part.name) if part.items else desk.home


def _back_home(desk: Desk, message: str) -> Response:
    return on_to(f"/council/needs/{desk.need.reference}", message, "notice")


def _section_form(desk: Desk, part: Section) -> SectionForm | None:
    if part.name not in SECTION_FORMS:
        return None
    now_says, seen = desk.part(part), desk.seen(part)
    make = SECTION_FORMS[part.name]
    if make is PanelForm:
        return PanelForm(queries.members_of(desk.member.organisation_id), now_says["panel"], data={"seen": seen})
    values = {make.renamed.get(key, key): value for key, value in _proposed(desk, part, now_says).items()}
    return make(data={**values, "seen": seen})


def _proposed(desk: Desk, part: Section, now_says: content.Content) -> content.Content:
    """The section's values, with dates to start from when there are none."""
    if part.name != "dates" or now_says["closes_at"] is not None:
        return now_says
    try:
        regime = rules.regime_of(desk.need, clock.now())
    except JurisdictionClosed:
        return now_says
    closes_at = timeline.suggested_closing(regime, desk.need.estimated_value_pence, clock.now())
    return {
        **now_says,
        "closes_at": closes_at,
        "questions_close_at": timeline.suggested_questions_close(regime, closes_at),
    }


def _section_page(desk: Desk, part: Section, form: Form | None, **more: Any) -> Response:
    need = as_amended(desk.need, queries.find_amendment(desk.need)) if desk.is_amendment else desk.need
    found = rules.content_problems(need, clock.now()) if form is None or not form.is_submitted() else []
    context = {
        "need": desk.need,
        "section": part,
        "desk": desk,
        "items": desk.content[part.items] if part.items else [],
        "criteria": {each["id"]: each["name"] for each in desk.content["criteria"]},
        "problems": [each for each in found if each.field == part.name] if part.items else [],
        "route": _route_words(desk) if part.name in ("budget", "law", "central-notice") else None,
        "codes": _codes(desk) if part.name == "categories" else None,
        "advice": [each.message for each in clarity_advice(need, clock.now()) if each.field == part.name],
        "meanwhile": [],
        "capability_groups": _capability_groups() if part.name == "categories" else None,
        "lacks_people": isinstance(form, PanelForm) and form.lacks_people,
        **more,
    }
    return page("tenders/needs/section.html", title=part.title, form=form, **context)


def _route_words(desk: Desk) -> Any:
    """The duties at the need's value; None without a value, because they depend on it."""
    if not desk.content["estimated_value_pence"]:
        return None
    try:
        return rules.regime_of(desk.need, clock.now()).route_for(desk.need.estimated_value_pence)
    except JurisdictionClosed:
        return None


def _capability_groups() -> dict[str, list[Capability]]:
    """Heading -> its capabilities, in the order of the list."""
    found: dict[str, list[Capability]] = {}
    for each in capabilities():
        found.setdefault(each.group, []).append(each)
    return found


def _codes(desk: Desk) -> dict[str, Any]:
    """CPV codes that the words in the address find, or those of the chosen capabilities."""
    words = request.args.get("find", "").strip().lower()[:100]
    if words:
        found = [each for each in cpv_codes() if all(word in each.title.lower() for word in words.split())][:30]
    else:
        chosen = set(desk.content["capabilities"])
        codes = {code for each in capabilities() if each.code in chosen for code in each.cpv_codes}
        found = [each for each in cpv_codes() if each.code in codes]
    return {"words": words, "found": found}


def _show_both(desk: Desk, part: Section, form: Any, conflict: Conflict) -> Response:
    """What was typed stays in the form; beside it stands what was saved meanwhile. Saving again replaces that."""
    db.session.rollback()
    now_says = desk.part(part)
    form.seen.data = desk.seen(part)
    form.form_errors.append(conflict.message)
    meanwhile = (
        [{"label": "Duties", "text": _duties(desk)}]
        if part.name == "panel"
        else [
            {"label": form[field].label.text, "text": snapshots.in_words(key, _plain(key, now_says[key]))}
            for key, field in ((key, form.renamed.get(key, key)) for key in part.keys)
            if field in form
        ]
    )
    return _section_page(desk, part, form, meanwhile=meanwhile, status=409)


def _duties(desk: Desk) -> str:
    words = {"opener": "Opens", "evaluator": "Scores", "chair": "Chairs", "award_approver": "Approves the award"}
    return "\n".join(f"- {words[each.duty]}: {each.person.name}" for each in desk.need.panel)


def _plain(key: str, value: Any) -> Any:
    return json.loads(content.to_json({key: value}))[key]


# -- items of a list


@_route("/add", _LISTS)
@may("draft_need")
def add_item(reference: str, section: str, is_amendment: bool) -> Response:
    """A new item at the end of a list."""
    desk, part = get_desk(reference, is_amendment), get_section(section)
    _insist_open_to_read(desk, part)
    form = _item_form(desk, part, {**NEW_ITEMS[part.name], "seen": desk.seen(part)})
    if form.validate_on_submit() and _keep(desk, part, form, None):
        return redirect(desk.address(part.name))
    return _item_page(desk, part, form, None)


@_route(f"/{_ITEM}", _LISTS)
@may("draft_need")
def edit_item(reference: str, section: str, item: int, is_amendment: bool) -> Response:
    """One item of a list."""
    desk, part = get_desk(reference, is_amendment), get_section(section)
    _insist_open_to_read(desk, part)
    now_says = find_item(desk.content[part.items], item)
    form = _item_form(desk, part, {**now_says, "seen": desk.seen(part)}, is_new=False)
    if form.validate_on_submit() and _keep(desk, part, form, item):
        return redirect(desk.address(part.name))
    return _item_page(desk, part, form, item)


def _item_form(desk: Desk, part: Section, values: dict[str, Any], is_new: bool = True) -> ItemForm:
    make = DocumentTitleForm if part.name == "documents" and not is_new else ITEM_FORMS[part.name]
    form = make(data=values)
    if isinstance(form, QuestionForm):
        form.offer(desk.content["criteria"])
    return form


def _keep(desk: Desk, part: Section, form: ItemForm, item: int | None) -> bool:
    """Saves the item; False, with the problem in the form, when somebody else's save came between."""
    try:
        values = form.values()
        if "file" in values:
            values = files.take_in(values["file"], values["title"])
        items = desk.content[part.items]
        changed = (
            [*items, {"id": None, **values}]
            if item is None
            else [{**each, **values} if each["id"] == item else each for each in items]
        )
        desk.save(part, {part.items: changed}, form.seen.data)
    except Conflict as conflict:
        db.session.rollback()
        form.seen.data = desk.seen(part)
        form.form_errors.append(conflict.message)
        return False
    except Problems as problems:
        add_problems(form, problems.problems)
        return False
    flash(f"{part.title}: saved", "success")
    return True


def _item_page(desk: Desk, part: Section, form: ItemForm, item: int | None) -> Response:
    items = desk.content[part.items]
    return page(
        "tenders/needs/item.html",
        title=f"{'Add to' if item is None else 'Change'}: {part.title.lower()}",
        form=form,
        need=desk.need,
        section=part,
        desk=desk,
        is_new=item is None,
        meanwhile=_item_words(part, items, item) if form.form_errors else "",
    )


def _item_words(part: Section, items: list[dict[str, Any]], item: int | None) -> str:
    """The list, or the item, as it was saved meanwhile."""
    chosen = items if item is None else [each for each in items if each["id"] == item]
    return snapshots.in_words(part.items, chosen) or "It was removed."


@_route(f"/{_ITEM}/remove", _LISTS)
@may("draft_need")
def remove_item(reference: str, section: str, item: int, is_amendment: bool) -> Response:
    """Asks, then takes an item off the list."""
    desk, part = get_desk(reference, is_amendment), get_section(section)
    desk.insist_open(part)
    items = desk.content[part.items]
    now_says = find_item(items, item)
    form = Form()
    if form.validate_on_submit():
        desk.save(part, {part.items: without(items, item)}, desk.seen(part))
        return on_to(desk.address(part.name), "Removed")
    words = snapshots.in_words(part.items, [now_says])
    return page(
        "tenders/needs/remove_item.html",
        title="Remove this?",
        form=form,
        need=desk.need,
        section=part,
        desk=desk,
        words=words,
    )


@_route(f"/{_ITEM}/move", _LISTS, methods=("POST",))
@may("draft_need")
def move_item(reference: str, section: str, item: int, is_amendment: bool) -> Response:
    """Moves an item one place up or down."""
    desk, part = get_desk(reference, is_amendment), get_section(section)
    desk.insist_open(part)
    step = -1 if request.form.get("to") == "up" else 1
    items = desk.content[part.items]
    changed = moved(items, item, step)
    if changed != items:
        desk.save(part, {part.items: changed}, desk.seen(part))
    return redirect(desk.address(part.name))
