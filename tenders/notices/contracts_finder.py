"""Contracts Finder's CSV export: 43 columns, of which rows of older notices lack the last."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence

from marketplace.core.errors import Refusal
from marketplace.core.geography import normalise_postcode
from tenders.notices.cells import (
    claim_of,
    closing_of,
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
    CLOSED,
    OPEN,
    PLANNED,
    AwardedSupplier,
    AwardResult,
    ReadNotice,
    RefusedRow,
    Unreadable,
)

SOURCE = "contracts-finder"
CLOSING_TIME = "Closing Time"
SUPPLIERS = "Supplier [Name|Address|Ref type|Ref Number|Is SME|Is VCSE]"
NEEDED = ("Notice Identifier", "Organisation Name", "Title", "Published Date", "Closing Date")
STATUSES = {"open": OPEN, "awarded": AWARDED, "closed": CLOSED, "withdrawn": CANCELLED, "cancelled": CANCELLED}
SCHEMES = {"COMPANIES_HOUSE": "GB-COH", "CHARITY_COMMISSION": "GB-CHC"}
RAW_MOST = 20_000

Cells = dict[str, str]


class UnknownFormat(Refusal):
    """The file is none that can be read; the message names what is missing."""

    status = 422


def is_contracts_finder_header(first_line: str) -> bool:
    """True when the line names at least two of the columns that every such export has."""
    return sum(name in first_line for name in NEEDED) >= 2


def read_contracts_finder(lines: Iterator[str]) -> Iterator[ReadNotice | RefusedRow]:
    """One notice or refusal for each row, in file order; raises UnknownFormat when needed columns are missing."""
    taken = _Taken(lines)
    reader = csv.reader(taken)
    header = [name.strip() for name in next(reader, [])]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise UnknownFormat(f"This is not a Contracts Finder export: the column {missing[0]} is missing.")
    while True:
        line = reader.line_num + 1
        taken.text.clear()
        try:
            row = next(reader)
            if row:
                yield _notice(_cells(header, row), line)
        except StopIteration:
            return
        except csv.Error as problem:
            yield RefusedRow(line, f"Not readable as CSV: {problem}.", taken.so_far(), reader.line_num)
        except Unreadable as problem:
            yield RefusedRow(line, str(problem), taken.so_far(), reader.line_num)


class _Taken:
    """Lines passed on, and those of the present row kept so that a refusal can show it as it stood."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines, self.text = lines, list[str]()

    def __iter__(self) -> Iterator[str]:
        for line in self.lines:
            self.text.append(line)
            yield line

    def so_far(self) -> str:
        return "".join(self.text).rstrip("\r\n")[:RAW_MOST]


def suppliers_of(packed: str) -> tuple[AwardedSupplier, ...]:
    """Winners out of "[name|address|type|number|SME|VCSE][...]"; an address may hold bars and a name brackets."""
    found, held = [], ""
    for piece in re.split(r"\]\s*\[", packed.strip().removeprefix("[").removesuffix("]")):
        held = f"{held}][{piece}" if held else piece
        if held.count("|") >= 5:
            found.append(_supplier(held.split("|")))
            held = ""
    if held.strip():
        found.append(AwardedSupplier(name=line_of(held.split("|")[0])))
    return tuple(each for each in found if each.name)


def _supplier(parts: list[str]) -> AwardedSupplier:
    kind, number, is_sme, is_vcse = (part.strip() for part in parts[-4:])
    scheme = SCHEMES.get(kind, "")
    return AwardedSupplier(
        name=line_of(parts[0]),
        scheme=scheme,
        identifier=number if scheme else "",
        is_sme=claim_of(is_sme),
        is_vcse=claim_of(is_vcse),
    )


def _cells(header: Sequence[str], row: list[str]) -> Cells:
    lacks_closing_time = len(row) == len(header) - 1 and header[-1] == CLOSING_TIME
    if len(row) != len(header) and not lacks_closing_time:
        raise Unreadable(f"The row has {len(row)} fields; {len(header)} were expected.")
    cells = dict(zip(header, [*row, ""] if lacks_closing_time else row, strict=True))
    if lacks_closing_time and not _stands_under_its_heading(cells):
        raise Unreadable(f"The row has {len(row)} fields; one before the closing time is missing.")
    return cells


def _stands_under_its_heading(cells: Cells) -> bool:
    """False when a field before the last is missing, so that later values stand one column too far left."""
    yes_or_no = ("Is sub-contract", "Suitable for SME", "Suitable for VCO", "Supply Chain")
    days = ("Start Date", "End Date", "Closing Date", "Awarded Date", "Contract start date", "Contract end date")
    numbers = ("Value Low", "Value High", "Awarded Value")
    return (
        all(cells.get(name, "").strip().lower() in ("", "yes", "no") for name in yes_or_no)
        and all(not cells.get(name, "").strip() or "/" in cells[name] or "-" in cells[name] for name in days)
        and all(re.fullmatch(r"[\d.,]*", cells.get(name, "").strip()) for name in numbers)
    )


def _notice(cells: Cells, line: int) -> ReadNotice:
    reference = _insist(line_of(cells["Notice Identifier"]), "Notice Identifier")
    buyer = _insist(line_of(cells["Organisation Name"]), "Organisation Name")
    published_at = moment_of(cells["Published Date"])
    if published_at is None:
        raise Unreadable(f"Published Date {cells['Published Date']!r} is not a date.")
    remarks: list[str] = []
    closes_at, has_closing_time = closing_of(cells["Closing Date"], cells.get(CLOSING_TIME))
    if cells["Closing Date"].strip() and closes_at is None:
        remarks.append(f"Closing Date {cells['Closing Date']!r} is not a date and was left out.")
    low, high = pence_of(cells.get("Value Low")), pence_of(cells.get("Value High"))
    if low and high and low > high:
        remarks.append("Value Low was above Value High and they were swapped.")
    low, high = value_range(low, high)
    region_text = line_of(cells.get("Region"))
    return ReadNotice(
        source=SOURCE,
        source_id=_source_id(reference, buyer),
        reference=reference,
        title=_insist(title_of(cells["Title"], remarks), "Title"),
        description=paragraphs_of(cells.get("Description")),
        buyer_name=buyer,
        published_at=published_at,
        status=_status(cells),
        closes_at=closes_at,
        has_closing_time=has_closing_time,
        cpv_codes=cpv_codes_of([cells.get("Cpv Codes")]),
        value_low_pence=low,
        value_high_pence=high,
        starts_on=day_of(cells.get("Start Date")),
        ends_on=day_of(cells.get("End Date")),
        regions=() if "any region" in region_text.lower() else regions_of([region_text]),
        region_text=region_text,
        postcode=_postcode(cells),
        url=link_of([cells.get("Links"), cells.get("Contact Website")]),
        is_suitable_for_sme=claim_of(cells.get("Suitable for SME")),
        is_suitable_for_vcse=claim_of(cells.get("Suitable for VCO")),
        results=_results(cells),
        line=line,
        remarks=tuple(remarks),
    )


def _results(cells: Cells) -> tuple[AwardResult, ...]:
    suppliers = suppliers_of(cells.get(SUPPLIERS, ""))
    awarded_on = day_of(cells.get("Awarded Date"))
    if not suppliers and awarded_on is None:
        return ()
    return (
        AwardResult(
            suppliers=suppliers,
            awarded_on=awarded_on,
            value_pence=pence_of(cells.get("Awarded Value")),
            starts_on=day_of(cells.get("Contract start date")),
            ends_on=day_of(cells.get("Contract end date")),
        ),
    )


def _status(cells: Cells) -> str:
    if cells.get("Notice Type", "").strip() in ("Pipeline", "PreProcurement"):
        return PLANNED
    return STATUSES.get(cells.get("Status", "").strip().lower(), OPEN)


def _source_id(reference: str, buyer: str) -> str:
    # The identifier is the buyer's own, and short ones such as "1266" are used by several buyers.
    mark = hashlib.sha256(buyer.casefold().encode()).hexdigest()[:10]
    return f"{reference[:140]}~{mark}"


def _postcode(cells: Cells) -> str:
    for name in ("Postcode", "Contact Postcode"):
        found = normalise_postcode(cells.get(name, ""))
        if found:
            return found
    return ""


def _insist(text: str, name: str) -> str:
    if not text:
        raise Unreadable(f"{name} is empty.")
    return text
