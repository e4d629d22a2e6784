"""Parts of pages drawn once for as long as everything that they show stays the same."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from flask import current_app
from markupsafe import Markup

# About 25 kB each, in every web process.
MOST_KEPT = 300
_kept: dict[tuple[str, Hashable], Markup] = {}


def drawn(template: str, shown: Hashable, **context: Any) -> Markup:
    """The template with this context. `shown` must hold, by value, all that the template reads of the context."""
    key = (template, shown)
    kept = _kept.get(key)
    if kept is None:
        kept = Markup(current_app.jinja_env.get_template(template).render(context))
        if not current_app.debug:
            if len(_kept) >= MOST_KEPT:
                _kept.clear()
            _kept[key] = kept
    return kept
