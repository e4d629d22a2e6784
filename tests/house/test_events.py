"""Every event has a listener entry, or says why it needs none; those that mail have their two texts."""

from __future__ import annotations

import importlib

from marketplace.core.journal import Event
from marketplace.core.letters import folder_of
from marketplace.listeners import LISTENERS, MAIL_EVENTS, NONE_BECAUSE
from tests.house.walking import ROOT, sources


def _events() -> dict[str, type[Event]]:
    for name in sources():
        if name.endswith("events"):
            importlib.import_module(name)
    product = [kind for kind in Event.__subclasses__() if not kind.__module__.startswith("tests.")]
    names = [kind.__name__ for kind in product]
    assert len(names) == len(set(names)), "Two events share a name; the journal could not tell them apart."
    return {kind.__name__: kind for kind in product}


def test_every_event_has_a_reaction_or_a_reason_for_none() -> None:
    heard = {name for listener in LISTENERS for name in listener.events}
    unheard = sorted(set(_events()) - heard - set(NONE_BECAUSE))
    assert not unheard, f"Enter these in listeners.py (a listener, or NONE_BECAUSE): {unheard}"


def test_the_table_names_only_events_that_exist() -> None:
    known = set(_events())
    heard = {name for listener in LISTENERS for name in listener.events}
    assert not sorted((heard | set(NONE_BECAUSE)) - known)
    assert not sorted(heard & set(NONE_BECAUSE)), "Heard, and yet said to need nobody."


def test_every_event_says_what_it_is() -> None:
    silent = [name for name, kind in _events().items() if not kind.__doc__ or kind.__doc__.startswith(name + "(")]
    assert not silent, f"One line of docstring each: {silent}"


def test_every_event_that_mails_has_its_texts() -> None:
    missing = [
        folder_of(name)
        for name in MAIL_EVENTS
        if not (ROOT / "templates/emails" / folder_of(name)).is_dir()
    ]
    assert not missing, f"templates/emails/<event>/subject.txt and body.txt: {missing}"
    halves = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "templates/emails").iterdir()
        if path.is_dir() and not ((path / "subject.txt").exists() and (path / "body.txt").exists())
    ]
    assert not halves, halves
