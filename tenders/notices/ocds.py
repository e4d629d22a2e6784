"""Our purchases as Open Contracting Data Standard 1.1.5 releases: one for each thing that became public, never changed.

A release is made from what is frozen (a need's version, the award as told, the contract as signed, an approved change),
so asking again gives the same releases, and later ones are only added.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from marketplace import config
from marketplace.core.errors import NotFound
from marketplace.core.journal import plain
from marketplace.core.letters import absolute
from marketplace.core.money import split_vat
from tenders.assessment import queries as assessment
from tenders.awards import queries as awards
from tenders.awards.models import Award
from tenders.awards.setting_aside import VERSION as SET_ASIDE
from tenders.contracts import queries as contracts
from tenders.contracts.models import Contract
from tenders.needs.models import Need, NeedVersion
from tenders.needs.rules import regime_of
from tenders.needs.snapshots import snapshot_of

# The standard's prefix for examples: it must never leave a demonstration.
EXAMPLE_PREFIX = "ocds-213czf"
LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
TAGS = {
    "published": "tender",
    "withdrawn": "tenderCancellation",
    "amended": "tenderAmendment",
    "extended": "tenderUpdate",
}
Release = dict[str, Any]


def ocid_of(need: Need) -> str:
    """The central platform's identifier when it gave one, else ours under our own prefix; empty when there is none."""
    settings = config.current()
    prefix = settings.ocid_prefix or (EXAMPLE_PREFIX if settings.demonstration else "")
    return need.ocid or (f"{prefix}-{need.reference}" if prefix else "")


def package_of(need: Need) -> Release:
    """A release package with everything public of one of our purchases. Raises NotFound where there is none."""
    if not need.is_ours:
        raise NotFound("This need was published elsewhere; its data are at its source.")
    if not ocid_of(need):
        raise NotFound("This copy has no prefix for process identifiers yet, so it gives out no open contracting data.")
    releases = list(releases_of(need))
    return {
        "uri": absolute(f"/needs/{need.reference}.json"),
        "version": "1.1",
        "publishedDate": max(each["date"] for each in releases),
        "publisher": {"name": config.current().service_name},
        "license": LICENCE,
        "releases": releases,
    }


def releases_of(need: Need) -> Iterator[Release]:
    """The releases in the order in which they became public."""
    yield from _tender_releases(need)
    contract = contracts.contract_of(need)
    yield from _outcome_releases(need)
    if contract is not None:
        yield from _contract_releases(need, contract)


def _release(need: Need, name: str, at: datetime, tags: list[str], told: list[Award], **parts: Any) -> Release:
    parties = [_buyer(need), *(_party(each) for each in told)]
    base = {
        "ocid": ocid_of(need),
        "id": name,
        "date": _instant(at),
        "tag": tags,
        "initiationType": "tender",
        "language": "en",
        "parties": parties,
        "buyer": {"id": parties[0]["id"], "name": parties[0]["name"]},
    }
    return _filled({**base, **parts})


def _buyer(need: Need) -> Release:
    reference = need.authority.reference if need.authority else need.reference
    return {"id": reference, "name": need.buyer_name, "roles": ["buyer", "procuringEntity"]}


def _party(award: Award) -> Release:
    """The winner: its size as it was when everybody was told, so that a release never changes."""
    assert award.bid is not None
    supplier, is_sme = award.bid.supplier, award.is_winner_sme
    number, charity, ppon = supplier.company_number, supplier.charity_number, supplier.ppon
    known = [("GB-COH", number), ("GB-CHC", charity), ("GB-PPON", ppon)]
    found = [{"scheme": scheme, "id": value, "legalName": supplier.name} for scheme, value in known if value]
    return {
        "id": supplier.reference,
        "name": supplier.name,
        "roles": ["supplier"],
        "identifier": found[0] if found else None,
        "additionalIdentifiers": found[1:],
        "details": {"scale": "sme" if is_sme else "large"} if is_sme is not None else None,
    }


# -- the competition


def _tender_releases(need: Need) -> Iterator[Release]:
    assert need.published_at is not None  # only public needs come here
    # That an award was set aside is told by the award itself.
    versions = [each for each in need.versions if each.kind != SET_ASIDE]
    for version in versions or [NeedVersion(number=1, kind="published", made_at=need.published_at, snapshot="")]:
        said = json.loads(version.snapshot) if version.snapshot else snapshot_of(need)
        tag = TAGS.get(version.kind, "tenderUpdate")
        status = "withdrawn" if version.kind == "withdrawn" else "active"
        yield _release(
            need,
            f"{need.reference}-v{version.number}",
            version.made_at,
            [tag],
            [],
            tender=_tender(need, said, status),
        )


def _tender(need: Need, said: Release, status: str) -> Release:
    codes = [{"scheme": "CPV", "id": each} for each in str(said.get("cpv_codes") or "").split()]
    item = {
        "id": "1",
        "description": said.get("title"),
        "classification": codes[0] if codes else None,
        "additionalClassifications": codes[1:],
    }
    texts = (said.get(each) for each in ("summary", "problem", "who_is_affected", "outcomes", "constraints"))
    return {
        "id": need.reference,
        "title": said.get("title"),
        "description": "\n\n".join(each for each in texts if each),
        "status": status,
        "value": _value(need, said.get("estimated_value_pence")),
        "procurementMethod": "open",
        "procurementMethodDetails": regime_of(need, need.published_at or need.drafted_at)
        .route_for(said.get("estimated_value_pence"))
        .title,
        "mainProcurementCategory": "services",
        "awardCriteria": "ratedCriteria",
        "awardCriteriaDetails": "; ".join(f"{each['name']} {each['weight']}%" for each in said.get("criteria") or []),
        "submissionMethod": ["electronicSubmission"],
        "submissionMethodDetails": absolute(f"/needs/{need.reference}"),
        "enquiryPeriod": {"endDate": said.get("questions_close_at")},
        "tenderPeriod": {"startDate": said.get("published_at"), "endDate": said.get("closes_at")},
        "contractPeriod": _period(said.get("starts_on"), said.get("ends_on")),
        "items": [item],
        "documents": _tender_documents(need, said),
    }


def _tender_documents(need: Need, said: Release) -> list[Release]:
    notice = {
        "id": said.get("central_notice_number"),
        "documentType": "tenderNotice",
        "url": said.get("central_notice_url"),
        "title": "Tender notice",
    }
    page = {
        "id": f"{need.reference}-page",
        "documentType": "biddingDocuments",
        "url": absolute(f"/needs/{need.reference}"),
        "title": "The need with its requirements, criteria and questions",
    }
    return [notice, page] if notice["id"] else [page]


# -- the outcome


def _outcome_releases(need: Need) -> Iterator[Release]:
    for given_up in awards.awards_of(need):
        if given_up.is_set_aside:
            yield from _set_aside_releases(need, given_up)
    result, award = awards.public_result(need), awards.find_award(need)
    if result is None or award is None or award.summaries_sent_at is None:
        if need.no_award_at is not None:
            yield _unsuccessful(need, f"{need.reference}-no-award", need.no_award_at)
        return
    if award.bid is None:
        yield _unsuccessful(need, award.reference, award.summaries_sent_at)
        return
    yield _told_release(need, award)


def _told_release(need: Need, award: Award) -> Release:
    assert award.bid is not None and award.summaries_sent_at is not None
    return _release(
        need,
        award.reference,
        award.summaries_sent_at,
        ["award"],
        [award],
        tender={"id": need.reference, "status": "complete"},
        awards=[_award(need, award, "pending")],
        bids={"statistics": [{"id": "1", "measure": "bids", "value": len(assessment.bids_of(need))}]},
    )


def _set_aside_releases(need: Need, award: Award) -> Iterator[Release]:
    assert award.bid is not None and award.returned_at is not None
    yield _told_release(need, award)
    cancelled = {**_award(need, award, "cancelled"), "statusDetails": award.return_reason}
    name = f"{award.reference}-set-aside"
    yield _release(need, name, award.returned_at, ["awardCancellation"], [award], awards=[cancelled])


def _unsuccessful(need: Need, name: str, at: datetime) -> Release:
    tender = {
        "id": need.reference,
        "title": need.title,
        "status": "unsuccessful",
        "statusDetails": need.no_award_reason,
    }
    return _release(need, name, at, ["tenderCancellation"], [], tender=tender)


def _award(need: Need, award: Award, status: str) -> Release:
    assert award.bid is not None and award.summaries_sent_at is not None
    supplier = award.bid.supplier
    return {
        "id": award.reference,
        "title": need.title,
        "status": status,
        "date": _instant(award.summaries_sent_at),
        "value": _value(need, awards.value_pence_of(award)),
        "suppliers": [{"id": supplier.reference, "name": supplier.name}],
    }


def _contract_releases(need: Need, contract: Contract) -> Iterator[Release]:
    assert contract.signed_at is not None
    value, ends_on = contract.first_value_pence or contract.value_pence, contract.first_ends_on or contract.ends_on
    told = [contract.award]
    signed = _contract(need, contract, value, ends_on, "active")
    yield _release(
        need, contract.reference, contract.signed_at, ["award", "contract"], told,
        awards=[_award(need, contract.award, "active")], contracts=[signed],
    )  # fmt: skip
    amendments: list[Release] = []
    for change in contract.approved_modifications:
        assert change.approved_at is not None
        value, ends_on = value + change.value_change_pence, change.new_ends_on or ends_on
        amendments.append({"id": str(change.number), "date": _instant(change.approved_at), "rationale": change.reason})
        changed = {**_contract(need, contract, value, ends_on, "active"), "amendments": list(amendments)}
        name = f"{contract.reference}-change-{change.number}"
        yield _release(need, name, change.approved_at, ["contractAmendment"], told, contracts=[changed])
    if contract.ended_at is not None:
        ended = {**_contract(need, contract, value, ends_on, "terminated"), "amendments": amendments}
        name = f"{contract.reference}-end"
        yield _release(need, name, contract.ended_at, ["contractTermination"], told, contracts=[ended])


def _contract(need: Need, contract: Contract, value_pence: int, ends_on: date, status: str) -> Release:
    return {
        "id": contract.reference,
        "awardID": contract.award.reference,
        "title": contract.title,
        "status": status,
        "period": _period(contract.starts_on.isoformat(), ends_on.isoformat()),
        "value": _value(need, value_pence),
        "dateSigned": _instant(contract.signed_at),
    }


# -- values


def net_pence(need: Need, gross_pence: int) -> int:
    """An amount that includes VAT without it, at the standard rate that binds the need."""
    rate = Decimal(regime_of(need, need.published_at or need.drafted_at).number("vat.standard")) / 100
    return split_vat(gross_pence, rate)[0]


def _value(need: Need, gross_pence: int | None) -> Release | None:
    if gross_pence is None:
        return None
    # As the UK's own publications have it: `amount` without VAT, `amountGross` with it.
    net = net_pence(need, gross_pence)
    return {"amount": _pounds(net), "amountGross": _pounds(gross_pence), "currency": "GBP"}


def _pounds(pence: int) -> float | int:
    return pence // 100 if pence % 100 == 0 else pence / 100


def _period(starts_on: Any, ends_on: Any) -> Release:
    return {
        "startDate": f"{starts_on}T00:00:00Z" if starts_on else None,
        "endDate": f"{ends_on}T23:59:59Z" if ends_on else None,
    }


def _instant(at: datetime | None) -> str | None:
    return plain(at) if at is not None else None


def _filled(value: Any) -> Any:
    """Without what is empty: the standard wants a field left out rather than blank."""
    if isinstance(value, dict):
        kept = {key: _filled(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each not in (None, "", [], {})}
    if isinstance(value, list):
        return [each for each in (_filled(item) for item in value) if each not in (None, "", [], {})]
    return value
