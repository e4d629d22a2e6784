"""The test of a change to a contract (Procurement Act 2023 s74-77, Schedule 8). Pure: figures in, findings out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marketplace.core.moments import day
from marketplace.core.money import pounds
from tenders.contracts.grounds import OWN_RULES, Ground
from tenders.regimes import Regime, notices_for
from tenders.regimes.routes import THRESHOLD


@dataclass(frozen=True)
class Finding:
    """One line of the test; `holds` is False where the law stands in the way or asks for care."""

    holds: bool
    text: str


@dataclass(frozen=True)
class Change:
    """What changes. Values in pence including VAT; `changed_before_pence` sums the changes approved so far."""

    first_value_pence: int
    changed_before_pence: int
    value_change_pence: int
    starts_on: date
    first_ends_on: date
    ends_on: date
    new_ends_on: date | None
    scope_stays: bool
    # What the purchase was estimated at when it commenced; None: it could not be estimated, which counts as above.
    estimated_pence: int | None = 0

    @property
    def value_before_pence(self) -> int:
        return self.first_value_pence + self.changed_before_pence

    @property
    def value_after_pence(self) -> int:
        return self.value_before_pence + self.value_change_pence

    @property
    def all_changes_pence(self) -> int:
        """This change and those before: one change split into several counts as one (s74)."""
        return self.changed_before_pence + self.value_change_pence

    @property
    def ends_on_after(self) -> date:
        return self.new_ends_on or self.ends_on

    @property
    def first_days(self) -> int:
        """The signed term in days, both ends counted."""
        return (self.first_ends_on - self.starts_on).days + 1

    @property
    def changed_days(self) -> int:
        """How far the end moves from the signed one, in days."""
        return (self.ends_on_after - self.first_ends_on).days


@dataclass(frozen=True)
class Verdict:
    """The test's findings, and whether a change notice (UK10) comes first."""

    findings: tuple[Finding, ...]
    needs_notice: bool

    @property
    def has_warnings(self) -> bool:
        return any(not each.holds for each in self.findings)


def exceeds(part: int, whole: int, percent: int) -> bool:
    """Whether `part`, up or down, is more than this percentage of `whole`; exactly as much is not."""
    return abs(part) * 100 > whole * percent


def verdict_on(change: Change, ground: Ground, regime: Regime) -> Verdict:
    """The whole test. Whether the rules bind depends on the value after the change."""
    if not is_public(change, regime):
        return Verdict(tuple(_below(change)), needs_notice=False)
    findings = [*_convertible(change, regime), *_of_ground(change, ground, regime)]
    wants_notice = _wants_notice(change, regime)
    if wants_notice:
        findings.append(Finding(True, "A change notice (UK10) is published before the change is made."))
    return Verdict(tuple(findings), wants_notice)


def is_public(change: Change, regime: Regime) -> bool:
    """Whether the contract is a public contract, or becomes one by this change (a convertible contract)."""
    return is_public_before(change, regime) or _is_above(change.value_after_pence, regime)


def is_public_before(change: Change, regime: Regime) -> bool:
    """Whether it is one already: by its estimate when the purchase commenced, or by its value since."""
    before = max(change.first_value_pence, change.value_before_pence)
    return _is_above(change.estimated_pence, regime) or _is_above(before, regime)


def _is_above(pence: int | None, regime: Regime) -> bool:
    return regime.route_for(pence).code == "above"


def _below(change: Change) -> list[Finding]:
    found = [Finding(True, "The contract stays under the threshold, so the council's own contract rules apply.")]
    if not change.scope_stays:
        found.append(
            Finding(False, "The scope changes: consider whether this is a new need that others could bid for.")
        )
    if exceeds(change.all_changes_pence, change.first_value_pence, 50):
        share = _percent(change.all_changes_pence, change.first_value_pence)
        found.append(
            Finding(False, f"All changes together come to {share} of the signed value. Auditors ask about this.")
        )
    return found


def _convertible(change: Change, regime: Regime) -> list[Finding]:
    if is_public_before(change, regime):
        return []
    limit = pounds(regime.number(THRESHOLD))
    return [
        Finding(False, f"The change takes the contract to the threshold of {limit}: the Act's rules now bind it (s74).")
    ]


def _of_ground(change: Change, ground: Ground, regime: Regime) -> list[Finding]:
    if ground.code == OWN_RULES:
        return [Finding(False, "This ground is for contracts under the threshold. Choose a ground of the Act.")]
    if ground.code == "not_substantial":
        return _not_substantial(change, regime)
    if ground.code == "small_value":
        return _small_value(change, regime)
    return _capped(change, ground)


def _not_substantial(change: Change, regime: Regime) -> list[Finding]:
    percent = regime.number("modification.term")
    is_long = exceeds(change.changed_days, change.first_days, percent)
    share = _percent(change.changed_days, change.first_days)
    return [
        Finding(not is_long, f"The term changes by {share} of the signed term; {percent}% is the most."),
        _scope(change),
    ]


def _small_value(change: Change, regime: Regime) -> list[Finding]:
    percent = regime.number("modification.value")
    share = _percent(change.all_changes_pence, change.first_value_pence)
    limit = regime.number(THRESHOLD)
    is_much = exceeds(change.all_changes_pence, change.first_value_pence, percent)
    return [
        Finding(not is_much, f"Such changes together come to {share} of the signed value; {percent}% is the most."),
        Finding(
            abs(change.all_changes_pence) < limit,
            f"Such changes together come to {pounds(abs(change.all_changes_pence))}; "
            f"they must stay under the threshold of {pounds(limit)}.",
        ),
        _scope(change),
    ]


def _capped(change: Change, ground: Ground) -> list[Finding]:
    if ground.cap is None:
        return [Finding(True, f"{ground.title}: the law sets no limit to the value. {ground.words}")]
    # Changes split to escape the cap count as one, so they are added up against the signed value.
    is_much = exceeds(change.all_changes_pence, change.first_value_pence, ground.cap)
    share = _percent(change.all_changes_pence, change.first_value_pence)
    return [
        Finding(not is_much, f"All changes together come to {share} of the signed value; {ground.cap}% is the most.")
    ]


def _scope(change: Change) -> Finding:
    words = "The scope and the balance between the parties stay." if change.scope_stays else "The scope changes."
    return Finding(change.scope_stays, words)


def _wants_notice(change: Change, regime: Regime) -> bool:
    catalogue = notices_for(regime.jurisdiction, regime.pinned_on, "above")
    if not any(each.code == "UK10" for each in catalogue):
        return False
    value = exceeds(change.all_changes_pence, change.first_value_pence, regime.number("modification.value"))
    return value or exceeds(change.changed_days, change.first_days, regime.number("modification.term"))


def _percent(part: int, whole: int) -> str:
    """At most one place, and never rounded onto a limit that it is past."""
    if not whole:
        return "0%"
    tenths = -(-abs(part) * 1000 // whole)
    return f"{tenths // 10}.{tenths % 10}%" if tenths % 10 else f"{tenths // 10}%"


def in_words(change: Change) -> str:
    """The change in one sentence, for lists."""
    parts = []
    if change.value_change_pence:
        more = "more" if change.value_change_pence > 0 else "less"
        parts.append(f"{pounds(abs(change.value_change_pence))} {more}")
    if change.new_ends_on is not None and change.new_ends_on != change.ends_on:
        parts.append(f"ends on {day(change.new_ends_on)}")
    return ", ".join(parts) or "terms only"
