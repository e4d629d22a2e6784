"""OCDS 1.1 releases from any UK publisher: one release a line, packages of releases, or records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from marketplace.core.geography import normalise_postcode
from tenders.notices.cells import (
    claim_of,
    cpv_codes_of,
    day_of,
    line_of,
    link_of,
    moment_of,
    paragraphs_of,
    pence_of,
    regions_of,
    title_of,
    value_range,
)
from tenders.notices.imported import (
    AWARDED,
    CANCELLED,
    OPEN,
    PLANNED,
    AwardedSupplier,
    AwardResult,
    ReadNotice,
    RefusedRow,
    Unreadable,
)

SOURCES = {
    "ocds-b5fd17": "contracts-finder-ocds",
    "ocds-h6vhtk": "find-a-tender",
    "ocds-r6ebe6": "public-contracts-scotland",
    "ocds-kuma6s": "sell2wales",
}
FINAL = {"cancelled": CANCELLED, "withdrawn": CANCELLED, "unsuccessful": CANCELLED}
RAW_MOST = 20_000

Release = dict[str, Any]


def read_json_lines(lines: Iterator[str]) -> Iterator[ReadNotice | RefusedRow]:
    """One notice or refusal for each release, whether a line holds one release or a package of them."""
    for number, line in enumerate(lines, start=1):
        text = line.strip().rstrip(",")
        if text in ("", "[", "]"):
            continue
        try:
            found = parse(text)
        except ValueError as problem:
            yield RefusedRow(number, f"Not readable as JSON: {problem}", text[:RAW_MOST], number)
            continue
        yield from read_json_document(found, number)


def read_json_document(document: Any, line: int = 1) -> Iterator[ReadNotice | RefusedRow]:
    """One notice or refusal for each release in a release, a list, a release package or a record package."""
    for release in releases_in(document):
        try:
            yield read_release(release, line)
        except Unreadable as problem:
            yield RefusedRow(line, str(problem), json.dumps(release, default=str)[:RAW_MOST], line)


def parse(text: str) -> Any:
    """JSON with exact decimals; raises ValueError, also when it is nested beyond sense."""
    try:
        document = json.loads(text, parse_float=Decimal)
        return _without_half_pairs(document) if "\\ud" in text.lower() else document
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _without_half_pairs(value: Any) -> Any:
    """The same document with "?" for each half of a surrogate pair: legal in JSON, and no database's text."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_without_half_pairs(each) for each in value]
    if isinstance(value, dict):
        return {_without_half_pairs(name): _without_half_pairs(each) for name, each in value.items()}
    return value


def releases_in(document: Any) -> Iterator[Any]:
    """The releases that a document holds; a record gives its compiled release, else its releases."""
    if isinstance(document, list):
        for each in document:
            yield from releases_in(each)
    elif isinstance(document, dict) and isinstance(document.get("releases"), list):
        yield from document["releases"]
    elif isinstance(document, dict) and isinstance(document.get("records"), list):
        for record in document["records"]:
            whole = _dict(record).get("compiledRelease")
            yield from ([whole] if whole else releases_in(record))
    else:
        yield document


def read_release(release: Any, line: int = 1) -> ReadNotice:
    """One release as a notice; raises Unreadable with the reason when it lacks what every notice has."""
    if not isinstance(release, dict):
        raise Unreadable("The release is not an object.")
    tender = _dict(release.get("tender"))
    parties = {str(party.get("id")): party for party in _dicts(release.get("parties"))}
    buyer = _buyer(release, parties)
    remarks: list[str] = []
    low = _pounds(tender.get("minValue"), remarks)
    high = _pounds(tender.get("value"), remarks)
    low, high = value_range(low or high, high)
    region_text = _region_text(tender)
    return ReadNotice(
        source=SOURCES.get(str(release.get("ocid"))[:11], "ocds"),
        source_id=_insist(line_of(release.get("ocid")), "ocid")[:160],
        release_id=line_of(release.get("id")),
        reference=line_of(tender.get("id")),
        title=_insist(
            title_of(tender.get("title") or release.get("title"), remarks),
            "tender title: it only adds to an earlier release",
        ),
        description=paragraphs_of(tender.get("description") or release.get("description")),
        buyer_name=_insist(line_of(buyer.get("name")), "buyer name"),
        published_at=_published(release),
        status=_status(release, tender),
        closes_at=moment_of(_dict(tender.get("tenderPeriod")).get("endDate")),
        cpv_codes=cpv_codes_of(_classifications(tender)),
        value_low_pence=low,
        value_high_pence=high,
        starts_on=day_of(_dict(tender.get("contractPeriod")).get("startDate")),
        ends_on=day_of(_dict(tender.get("contractPeriod")).get("endDate")),
        regions=regions_of([region_text]),
        region_text=region_text,
        postcode=_postcode(tender, buyer),
        url=_url(release, tender),
        is_suitable_for_sme=_suits(tender, "sme", "isSuitableForSme"),
        is_suitable_for_vcse=_suits(tender, "vcse", "isSuitableForVco"),
        results=tuple(_results(release, parties, remarks)),
        line=line,
        remarks=tuple(remarks),
    )


def _published(release: Release) -> Any:
    found = moment_of(release.get("date"))
    if found is None:
        raise Unreadable(f"The release date {release.get('date')!r} is not a date.")
    return found


def _buyer(release: Release, parties: dict[str, Release]) -> Release:
    named = _dict(release.get("buyer"))
    party = parties.get(str(named.get("id"))) or next(
        (each for each in parties.values() if "buyer" in _texts(each.get("roles"))), {}
    )
    return {**party, **{key: value for key, value in named.items() if value}}


def _status(release: Release, tender: Release) -> str:
    tags = set(_texts(release.get("tag")))
    written = str(tender.get("status") or "")
    if "tenderCancellation" in tags or written in FINAL:
        return CANCELLED
    if tags & {"award", "awardUpdate", "contract", "contractUpdate", "implementation"}:
        return AWARDED
    # A compiled record carries the one tag "compiled"; its awards tell how far it came.
    if any(each.get("suppliers") for each in _dicts(release.get("awards"))):
        return AWARDED
    is_plan = tags and tags <= {"planning", "planningUpdate"}
    return PLANNED if is_plan or written in ("planning", "planned") else OPEN


def _results(release: Release, parties: dict[str, Release], remarks: list[str]) -> Iterator[AwardResult]:
    for award in _dicts(release.get("awards")):
        if award.get("status") in ("cancelled", "unsuccessful"):
            continue
        period = _dict(award.get("contractPeriod"))
        # Some publishers repeat a winner within one award.
        found = (_supplier(each, parties) for each in _dicts(award.get("suppliers")))
        suppliers = {each.name: each for each in found if each.name}
        yield AwardResult(
            suppliers=tuple(suppliers.values()),
            awarded_on=day_of(award.get("date")),
            value_pence=_pounds(award.get("value"), remarks),
            starts_on=day_of(period.get("startDate")),
            ends_on=day_of(period.get("endDate")),
        )


def _supplier(named: Release, parties: dict[str, Release]) -> AwardedSupplier:
    party = parties.get(str(named.get("id")), {})
    details = _dict(party.get("details")) or _dict(named.get("details"))
    identifier = _dict(party.get("identifier")) or _dict(named.get("identifier"))
    scale = details.get("scale")
    return AwardedSupplier(
        name=line_of(named.get("name") or party.get("name")),
        scheme=line_of(identifier.get("scheme")) if identifier.get("id") else "",
        identifier=line_of(identifier.get("id")) if identifier.get("scheme") else "",
        is_sme=scale in ("sme", "micro", "small", "medium") if scale else claim_of(named.get("sme")),
        is_vcse=claim_of(details.get("vcse", named.get("vco"))),
        value_pence=pence_of(_dict(named.get("x_awardValue")).get("amount")),
    )


def _pounds(value: Any, remarks: list[str]) -> int | None:
    found = _dict(value)
    currency = found.get("currency") or "GBP"
    if currency != "GBP":
        remarks.append(f"A value in {currency} was left out.")
        return None
    # The UK extension adds the amount with VAT, which is what a need's value here includes.
    return pence_of(found.get("amountGross")) or pence_of(found.get("amount"))


def _classifications(tender: Release) -> Iterator[Any]:
    items = [*_dicts(tender.get("items")), *_dicts(tender.get("lots"))]
    for holder in (tender, *items):
        for each in (_dict(holder.get("classification")), *_dicts(holder.get("additionalClassifications"))):
            if str(each.get("scheme") or "CPV").upper() == "CPV":
                yield each.get("id")


def _addresses(tender: Release) -> Iterator[Release]:
    for item in _dicts(tender.get("items")):
        yield from _dicts(item.get("deliveryAddresses"))
        yield _dict(item.get("deliveryAddress"))


def _region_text(tender: Release) -> str:
    return ",".join(dict.fromkeys(line_of(each["region"]) for each in _addresses(tender) if each.get("region")))


def _postcode(tender: Release, buyer: Release) -> str:
    written = [each.get("postalCode") for each in _addresses(tender)]
    for each in (*written, _dict(buyer.get("address")).get("postalCode")):
        found = normalise_postcode(str(each or ""))
        if found:
            return found
    return ""


def _url(release: Release, tender: Release) -> str:
    holders = (*_dicts(release.get("awards")), tender, _dict(release.get("planning")))
    documents = [each for holder in holders for each in _dicts(holder.get("documents"))]
    notices = [each for each in documents if str(each.get("documentType") or "").endswith("Notice")]
    links = [each.get("href") for each in _dicts(release.get("links"))]
    own_page = _find_a_tender_page(release)
    return link_of([*(each.get("url") for each in (*notices, *documents)), own_page, *links])


def _find_a_tender_page(release: Release) -> str:
    is_theirs = str(release.get("ocid") or "").startswith("ocds-h6vhtk")
    return f"https://www.find-tender.service.gov.uk/Notice/{release.get('id')}" if is_theirs else ""


def _suits(tender: Release, name: str, older_name: str) -> bool | None:
    suitability = _dict(tender.get("suitability"))
    return claim_of(suitability.get(name, _dict(tender.get("xClassifications")).get(older_name)))


def _insist(text: str, name: str) -> str:
    if not text:
        raise Unreadable(f"The release has no {name}.")
    return text


def _dict(value: Any) -> Release:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[Release]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
