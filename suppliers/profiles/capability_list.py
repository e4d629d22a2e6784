"""The list of capabilities as a page shows it: grouped, narrowed by a word, ticked ones never hidden."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from marketplace.reference import Capability, capabilities


@dataclass(frozen=True)
class CapabilityGroup:
    """A heading and its capabilities; `is_open` when something in it is ticked or was looked for."""

    name: str
    rows: list[Capability]
    is_open: bool


def grouped(ticked: Collection[str], word: str = "") -> list[CapabilityGroup]:
    """The groups in the order of the list. With a word only what it finds, and what is ticked."""
    shown = [each for each in capabilities() if each.code in ticked or _mentions(each, word)]
    names = dict.fromkeys(each.group for each in shown)
    groups = [(name, [each for each in shown if each.group == name]) for name in names]
    return [
        CapabilityGroup(name, rows, bool(word) or any(each.code in ticked for each in rows)) for name, rows in groups
    ]


def is_mentioned(word: str) -> bool:
    """Whether anything in the list mentions the word, ticked or not."""
    return any(_mentions(each, word) for each in capabilities())


def _mentions(capability: Capability, word: str) -> bool:
    spoken = " ".join((capability.title, capability.group, *capability.also_called)).casefold()
    return all(part in spoken for part in word.casefold().split())
