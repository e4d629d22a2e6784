"""Advice on a draft: what makes needs hard to answer. It never stands in the way of anything."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path

from marketplace.core.clock import london, london_day
from marketplace.core.errors import Problem
from marketplace.core.fields import count_words
from marketplace.core.moments import WEEKDAYS, day
from marketplace.core.working_days import CalendarEnds, is_working_day
from tenders.needs import content
from tenders.needs.models import Need
from tenders.needs.rules import regime_of
from tenders.needs.sections import SECTION_OF
from tenders.regimes import JurisdictionClosed

MOST_ESSENTIALS = 6
FEWEST_WORDS_OF_A_PROBLEM = 40
LONG_SENTENCE = 30
MOST_WORDS_OF_A_BID = 4000
MOST_PRICE_WEIGHT = 70
FRIDAY = 4


@dataclass(frozen=True)
class PlainWord:
    """Words that make a need harder to answer, and what to write instead."""

    kind: str
    words: str
    advice: str


@cache
def plain_words() -> tuple[PlainWord, ...]:
    """Every row of plain_words.csv."""
    with (Path(__file__).parent / "plain_words.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(PlainWord(row["kind"], row["words"], row["advice"]) for row in csv.DictReader(lines))


def clarity_advice(need: Need, now: datetime) -> list[Problem]:
    """Everything worth a second look before suppliers read it; `field` names the section."""
    return [*_about_words(need), *_about_bidding(need), *_about_dates(need, now)]


def _about_words(need: Need) -> Iterator[Problem]:
    if 0 < count_words(need.problem) < FEWEST_WORDS_OF_A_PROBLEM:
        yield Problem("Say more of the problem: what happens today, how often, and what it costs people", "problem")
    if need.outcomes.strip() and not re.search(r"[0-9]|half|third|quarter|twice|\b(one|two|nine|ten)\b", need.outcomes):
        yield Problem("Put a number to an outcome, so that everybody can tell when it is reached", "outcomes")
    for key in content.WORDS:
        for sentence in re.split(r"[.!?\n]+", getattr(need, key)):
            if count_words(sentence) > LONG_SENTENCE:
                start = " ".join(sentence.split()[:6])
                yield Problem(f"Split the long sentence that begins “{start} …”", SECTION_OF[key].name)
    for section, text in _texts(need):
        yield from _about_text(section, text)


def _texts(need: Need) -> Iterator[tuple[str, str]]:
    for key in content.WORDS:
        yield SECTION_OF[key].name, getattr(need, key)
    yield "requirements", "\n".join(each.text for each in need.requirements)
    yield "bid-questions", "\n".join(each.text for each in need.questions)


def _about_text(section: str, text: str) -> Iterator[Problem]:
    lowered = text.lower()
    for each in plain_words():
        found = re.search(rf"(?<!\w){re.escape(each.words)}(?!\w)", lowered)
        is_excused = each.kind == "brand" and (section == "what-exists" or "or equivalent" in lowered)
        if found and not is_excused and (each.kind != "barrier" or section == "requirements"):
            yield Problem(f"“{text[found.start() : found.end()]}”: {each.advice}", section)


def _about_bidding(need: Need) -> Iterator[Problem]:
    essentials = sum(each.kind == "essential" for each in need.requirements)
    if essentials > MOST_ESSENTIALS:
        yield Problem(
            f"There are {essentials} essential requirements. Each shuts somebody out: keep six or fewer", "requirements"
        )
    words = sum(each.word_limit for each in need.questions)
    if words > MOST_WORDS_OF_A_BID:
        yield Problem(
            f"A full bid has {words:,} words. Small firms write bids in the evening: ask less", "bid-questions"
        )
    price = sum(each.weight for each in need.criteria if each.kind == "price")
    if price > MOST_PRICE_WEIGHT:
        yield Problem(f"Price has a weight of {price}: the cheapest bid will nearly always win", "criteria")


def _about_dates(need: Need, now: datetime) -> Iterator[Problem]:
    if need.closes_at is None:
        return
    for message in closing_advice(need.closes_at):
        yield Problem(message, "dates")
    try:
        recommended = regime_of(need, now).recommended_deadline(
            london_day(need.published_at or now), need.estimated_value_pence
        )
    except JurisdictionClosed:
        return
    if london_day(need.closes_at) < recommended:
        yield Problem(f"The time to bid is short. Suppliers need until {day(recommended)} to answer well", "dates")


def closing_advice(closes_at: datetime) -> Iterator[str]:
    """What speaks against closing at this instant: weekends, holidays, hours when nobody is there."""
    on, at = london_day(closes_at), london(closes_at).time()
    name = WEEKDAYS[on.weekday()]
    if on.weekday() > FRIDAY:
        yield f"Bids close on a {name}: nobody is there to help. Choose Tuesday, Wednesday or Thursday"
    elif not _works(on):
        yield "Bids close on a bank holiday somewhere in the UK. Choose a working day"
    elif on.weekday() == 0 and at <= time(13):
        yield "Closing on a Monday by noon makes people work at the weekend. Choose midweek in the afternoon"
    elif on.weekday() == FRIDAY and at >= time(16):
        yield "Closing late on a Friday leaves nobody to help. Choose midweek in the afternoon"
    if on.weekday() <= FRIDAY and not time(9) <= at <= time(17):
        yield "Bids close outside office hours: nobody is there to help. Choose the afternoon"


def _works(on: date) -> bool:
    try:
        return is_working_day(on)
    except CalendarEnds:
        return True
