"""The notice pack: what to copy into the central platform's form for each kind of notice."""

from __future__ import annotations

from collections.abc import Callable

from marketplace.core.moments import day, moment
from marketplace.core.money import pounds
from tenders.assessment import queries as assessment
from tenders.awards import queries as awards
from tenders.contracts import queries as contracts
from tenders.contracts.changes import in_words
from tenders.contracts.grounds import get_ground
from tenders.contracts.models import Contract
from tenders.contracts.running import change_of
from tenders.contracts.status import END_KINDS
from tenders.needs.models import Need
from tenders.notices.models import Notice
from tenders.notices.ocds import net_pence, ocid_of

Lines = list[tuple[str, str]]


def pack_of(notice: Notice) -> Lines:
    """Headings and texts in the order of the form; what we do not hold is left out."""
    need = notice.need
    own = {"UK4": _tender, "UK6": _award, "UK7": _contract, "UK10": _change, "UK11": _end, "UK12": _no_award}
    particular: Callable[[Need, Notice], Lines] = own.get(notice.kind, lambda _need, _notice: [])
    return [(heading, text) for heading, text in [*_common(need), *particular(need, notice)] if text]


def as_text(lines: Lines) -> str:
    """The pack as plain text, for one copy."""
    return "\n\n".join(f"{heading}\n{text}" for heading, text in lines)


def _common(need: Need) -> Lines:
    """What every notice says (Procurement Regulations 2024 r13, r14)."""
    return [
        ("Contracting authority", need.buyer_name),
        ("Title", need.title),
        ("Process identifier", ocid_of(need)),
        ("Our reference", need.reference),
        ("Description", "\n".join(each for each in (need.summary, need.problem, need.outcomes) if each)),
        ("Main category", "Services"),
        ("CPV codes", need.cpv_codes),
        ("Where", ", ".join(each for each in (need.location, need.region) if each)),
    ]


def _tender(need: Need, _notice: Notice) -> Lines:
    return [
        ("Estimated value", _both(need, need.estimated_value_pence)),
        ("Contract dates", _span(need)),
        ("Tender submission deadline", moment(need.closes_at) if need.closes_at else ""),
        ("Enquiry deadline", moment(need.questions_close_at) if need.questions_close_at else ""),
        ("How to bid", "Electronically, on this marketplace. Bids are sealed until they are opened."),
        ("Award criteria", "\n".join(f"{each.name}: {each.weight}%" for each in need.criteria)),
        ("Particular suitability", "Small and medium-sized enterprises (SME)" if need.sme_barriers else ""),
        ("Lots", need.lots_reason),
    ]


def _award(need: Need, _notice: Notice) -> Lines:
    award = awards.find_made_award(need)
    if award is None or award.bid is None:
        return []
    bids, pause = assessment.bids_of(need), awards.find_standstill(award)
    return [
        ("Supplier", _supplier(award.bid.supplier)),
        ("Value", _both(need, awards.value_pence_of(award))),
        ("Date of the award decision", moment(award.approved_at) if award.approved_at else ""),
        ("Assessment summaries sent", moment(award.summaries_sent_at) if award.summaries_sent_at else ""),
        ("Tenders assessed", str(len(bids))),
        ("Of these from SMEs", str(sum(each.supplier.is_sme for each in bids))),
        ("Of these from VCSEs", str(sum(each.supplier.is_vcse for each in bids))),
        ("Standstill", pause.why if pause else ""),
    ]


def _contract(need: Need, _notice: Notice) -> Lines:
    contract = contracts.contract_of(need)
    if contract is None:
        return []
    return [
        ("Supplier", _supplier(contract.supplier)),
        ("Contract reference", contract.reference),
        ("Value", _both(need, contract.first_value_pence)),
        ("Signed on", moment(contract.signed_at) if contract.signed_at else ""),
        ("Contract dates", _span(contract)),
        ("Key milestones", "\n".join(f"{each.title}: {day(each.due_on)}" for each in contract.milestones)),
        ("Payment terms", "30 days from a valid invoice"),
    ]


def _change(need: Need, notice: Notice) -> Lines:
    contract = contracts.contract_of(need)
    number = notice.subject.rpartition("/")[2]
    if contract is None or not number.isdigit():
        return []
    change = contracts.get_modification(contract, int(number))
    figures = change_of(contract, change.value_change_pence, change.new_ends_on, scope_stays=True)
    return [
        ("Supplier", _supplier(contract.supplier)),
        ("Contract reference", contract.reference),
        ("Change", in_words(figures)),
        ("Ground", f"{get_ground(change.ground).title} ({get_ground(change.ground).source})"),
        ("Reason", change.reason),
        (
            "Value after the change",
            _both(need, contract.value_pence + (change.value_change_pence if change.is_waiting else 0)),
        ),
        ("Last day after the change", day(change.new_ends_on or contract.ends_on)),
    ]


def _end(need: Need, _notice: Notice) -> Lines:
    contract = contracts.contract_of(need)
    if contract is None or contract.ended_at is None:
        return []
    return [
        ("Supplier", _supplier(contract.supplier)),
        ("Contract reference", contract.reference),
        ("Ended", moment(contract.ended_at)),
        ("How it ended", END_KINDS.get(contract.end_kind, contract.end_kind)),
        ("Reason", contract.end_reason),
        ("Value at the end", _both(need, contract.value_pence)),
    ]


def _no_award(need: Need, _notice: Notice) -> Lines:
    return [
        ("Decision not to award", moment(need.no_award_at) if need.no_award_at else ""),
        ("Reason", need.no_award_reason),
    ]


def _supplier(supplier: object) -> str:
    parts = (
        ("", supplier.name),  # type: ignore[attr-defined]
        ("PPON ", supplier.ppon),  # type: ignore[attr-defined]
        ("Companies House ", supplier.company_number),  # type: ignore[attr-defined]
    )
    return ", ".join(f"{lead}{text}" for lead, text in parts if text)


def _both(need: Need, gross_pence: int | None) -> str:
    if gross_pence is None:
        return ""
    return f"{pounds(net_pence(need, gross_pence))} excluding VAT, {pounds(gross_pence)} including VAT"


def _span(dated: Need | Contract) -> str:
    return f"{day(dated.starts_on)} to {day(dated.ends_on)}" if dated.starts_on and dated.ends_on else ""
