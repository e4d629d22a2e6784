"""What each export must hold, worked out from whole tables in plain Python: no join, no filter, no query of the exports.

Each maker gives every row that may be seen, with the council and the instant that filters look at, its place in the
file's order, and some of its cells as text: what names the row, and every figure that somebody would add up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from marketplace.core import db
from marketplace.tables import all_tables

LONDON = ZoneInfo("Europe/London")
SEALED = {
    "FileUploadBegun", "FileUploadGivenUp", "BidStarted", "BidDraftSaved", "BidDraftRestored", "BidSubmitted",
    "DraftTakenAsBid", "DraftWaits", "DraftNotTaken", "BidWithdrawn", "BidRefusedLate", "TraceKept",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A row that may be seen: `councils` are the slugs under which it is found, `at` the instant that days look at."""

    councils: frozenset[str]
    at: datetime
    order: tuple[Any, ...]
    cells: dict[str, str]


class Oracle:
    """All tables as they are now, read once."""

    def __init__(self) -> None:
        tables = all_tables().sorted_tables
        self.t: dict[str, list[Any]] = {each.name: list(db.session.execute(select(each)).mappings()) for each in tables}
        self.by_id = {name: {row["id"]: row for row in rows if "id" in row} for name, rows in self.t.items()}
        db.session.rollback()
        self.all = {name: sorted(getattr(self, name)(), key=lambda row: row.order) for name in NAMES}

    def wanted(self, name: str, council: str, first: date | None, last: date | None) -> list[dict[str, str]]:
        """The cells of the rows that an export with these filters must have, in order."""
        is_whole = not council and first is None and last is None
        found = []
        for row in self.all[name]:
            on = row.at.astimezone(LONDON).date()
            is_in = (not council or council in row.councils) and (first is None or on >= first) and (last is None or on <= last)
            if is_in and (is_whole or row.cells.get("is_withheld") != "true"):
                found.append(row.cells)
        return found

    # -- one maker for each file

    def needs(self) -> Iterator[Row]:
        for n in self._needs():
            cells = {"reference": n["reference"], "estimated_value_gbp": pounds(n["estimated_value_pence"])}
            yield Row(self._of(n), n["published_at"], (n["published_at"], n["id"]), cells)

    def need_versions(self) -> Iterator[Row]:
        for n, v in self._under("need_versions"):
            yield Row(self._of(n), v["made_at"], (v["made_at"], v["id"]), {"need": n["reference"], "version": text(v["number"])})

    def clarifications(self) -> Iterator[Row]:
        for n, c in self._under("clarifications"):
            cells = {"reference": c["reference"], "number": text(c["number"])}
            yield Row(self._of(n), c["asked_at"], (c["asked_at"], c["id"]), cells)

    def bids(self) -> Iterator[Row]:
        results = {each["bid_id"]: each for each in self.t["results"]}
        for n, b in self._under("bids", opened=True):
            if b["opened_at"] is None:
                continue
            found = results.get(b["id"]) if n["scores_frozen_at"] else None
            cells = {
                "reference": b["reference"], "version": text(b["current_version"]),
                "evaluated_price_gbp": pounds(found["price_pence"]) if found else "",
                "total_marks": text(found["total_score"]) if found else "", "rank": text(found["rank"]) if found else "",
            }  # fmt: skip
            yield Row(self._of(n), b["submitted_at"], (n["opened_at"], n["id"], b["submitted_at"], b["id"]), cells)

    def openings(self) -> Iterator[Row]:
        for n, o in self._under("bid_openings", opened=True):
            if o["opened_at"] is None:
                continue
            late = sum(each["need_id"] == n["id"] for each in self.t["late_attempts"])
            used = sum(each["need_id"] == n["id"] and each["used_at"] is not None for each in self.t["share_recoveries"])
            refused = sum(e["need"] == n["reference"] and e["event"] == "OpeningRefused" for e in self.t["journal_lines"])
            cells = {
                "need": n["reference"], "bids_opened": text(o["bids_opened"]), "late_attempts": text(late),
                "refused_attempts": text(refused), "recoveries": text(used),
            }  # fmt: skip
            yield Row(self._of(n), o["opened_at"], (o["opened_at"], o["id"]), cells)

    def scores(self) -> Iterator[Row]:
        for table, kind, at in (("scores", "individual", "scored_at"), ("moderations", "agreed", "agreed_at")):
            for n, s in self._under(table, opened=True):
                if n["scores_frozen_at"] is None:
                    continue
                criterion = self.by_id["criteria"][s["criterion_id"]]
                order = (
                    n["scores_frozen_at"], n["id"], s["bid_id"], criterion["position"], criterion["id"],
                    kind != "individual", s[at], s["id"],
                )  # fmt: skip
                bid = self.by_id["bids"][s["bid_id"]]["reference"]
                cells = {"bid": bid, "kind": kind, "score": text(s["score"]), "weight": text(criterion["weight"])}
                yield Row(self._of(n), n["scores_frozen_at"], order, cells)

    def declarations(self) -> Iterator[Row]:
        made = {(each["need_id"], each["person_id"]): each for each in self.t["conflict_declarations"]}
        for n, p in self._under("panel_members", opened=True):
            if p["duty"] in ("evaluator", "chair"):
                found = made.get((n["id"], p["person_id"]))
                person = self.by_id["people"][p["person_id"]]["pseudonym"]
                claim = text(found["has_conflict"]) if found else ""
                cells = {"person": person, "duty": p["duty"], "has_conflict": claim}
                yield Row(self._of(n), n["opened_at"], (n["opened_at"], n["id"], p["id"]), cells)

    def awards(self) -> Iterator[Row]:
        results = {each["bid_id"]: each for each in self.t["results"]}
        for n, a in self._under("awards", opened=True):
            found = results.get(a["bid_id"])
            price = pounds(found["price_pence"]) if found else ""
            cells = {"reference": a["reference"], "evaluated_price_gbp": price, "rank": text(found["rank"]) if found else ""}
            yield Row(self._of(n), a["proposed_at"], (a["proposed_at"], a["id"]), cells)

    def summaries(self) -> Iterator[Row]:
        for n, s in self._under("assessment_summaries", opened=True):
            if s["sent_at"] is not None:
                bid, own = self.by_id["bids"][s["bid_id"]], json.loads(s["content"]).get("own") or {}
                cells = {"bid": bid["reference"], "total_marks": text(own.get("total")), "rank": text(own.get("rank"))}
                yield Row(self._of(n), s["sent_at"], (s["sent_at"], s["award_id"], bid["submitted_at"], s["id"]), cells)

    def contracts(self) -> Iterator[Row]:
        for c in self.t["contracts"]:
            changes = [m for m in self.t["modifications"] if m["contract_id"] == c["id"] and m["approved_at"] is not None]
            cells = {
                "reference": c["reference"], "first_value_gbp": pounds(c["first_value_pence"]),
                "value_gbp": pounds(c["value_pence"]), "modifications": text(len(changes)),
                "modifications_gbp": pounds(sum(m["value_change_pence"] for m in changes)),
            }  # fmt: skip
            yield Row(self._slug(c["authority_id"]), c["drafted_at"], (c["drafted_at"], c["id"]), cells)

    def milestones(self) -> Iterator[Row]:
        for m in self.t["milestones"]:
            c = self.by_id["contracts"][m["contract_id"]]
            cells = {"contract": c["reference"], "position": text(m["position"]), "amount_gbp": pounds(m["amount_pence"])}
            yield Row(self._slug(c["authority_id"]), c["drafted_at"], (c["drafted_at"], c["id"], m["position"], m["id"]), cells)

    def suppliers(self) -> Iterator[Row]:
        for s in self.t["suppliers"]:
            opened = [b for b in self.t["bids"] if b["supplier_id"] == s["id"] and b["opened_at"] is not None]
            buyers = [self._slug(self.by_id["needs"][b["need_id"]]["authority_id"]) for b in opened]
            told = [
                a for a in self.t["awards"]
                if a["bid_id"] in {b["id"] for b in self.t["bids"] if b["supplier_id"] == s["id"]}
                and a["returned_at"] is None and a["summaries_sent_at"] is not None
            ]  # fmt: skip
            cells = {
                "reference": self.by_id["organisations"][s["id"]]["reference"], "bids_opened": text(len(opened)),
                "awards": text(len(told)),
            }  # fmt: skip
            yield Row(frozenset().union(*buyers), s["registered_at"], (s["registered_at"], s["id"]), cells)

    def people(self) -> Iterator[Row]:
        for m in self.t["memberships"]:
            if m["approved_at"] is not None:
                of = self.by_id["organisations"][m["organisation_id"]]
                roles = sorted(each["role"] for each in self.t["membership_roles"] if each["membership_id"] == m["id"])
                person = self.by_id["people"][m["person_id"]]
                councils = frozenset({of["slug"]}) if of["kind"] == "authority" else frozenset()
                cells = {"pseudonym": person["pseudonym"], "organisation": of["reference"], "roles": " ".join(roles)}
                yield Row(councils, m["approved_at"], (m["approved_at"], m["id"]), cells)

    def journal(self) -> Iterator[Row]:
        opened = {n["reference"] for n in self.t["needs"] if n["opened_at"] is not None}
        slugs = {o["reference"]: o["slug"] for o in self.t["organisations"]}
        for line in self.t["journal_lines"]:
            withheld = line["event"] in SEALED and line["need"] not in opened
            cells = {"number": text(line["number"]), "hash": line["hash"], "is_withheld": text(withheld)}
            of = frozenset({slugs[line["authority"]]} if line["authority"] in slugs else ())
            yield Row(of, line["at"], (line["number"],), cells)

    # -- what they share

    def _needs(self, opened: bool = False) -> Iterator[Any]:
        for n in self.t["needs"]:
            if n["published_at"] is not None and n["source"] == "" and (n["opened_at"] is not None or not opened):
                yield n

    def _under(self, table: str, opened: bool = False) -> Iterator[tuple[Any, Any]]:
        needs = {n["id"]: n for n in self._needs(opened)}
        return ((needs[row["need_id"]], row) for row in self.t[table] if row["need_id"] in needs)

    def _of(self, need: Any) -> frozenset[str]:
        return self._slug(need["authority_id"])

    def _slug(self, organisation_id: int) -> frozenset[str]:
        return frozenset({self.by_id["organisations"][organisation_id]["slug"]})


NAMES = (
    "needs", "need_versions", "clarifications", "bids", "openings", "scores", "declarations", "awards", "summaries",
    "contracts", "milestones", "suppliers", "people", "journal",
)  # fmt: skip


def pounds(pence: int | None) -> str:
    return "" if pence is None else f"{'-' if pence < 0 else ''}{abs(pence) // 100}.{abs(pence) % 100:02}"


def text(value: Any) -> str:
    """A figure, a claim or nothing, as a cell has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if hasattr(value, "as_tuple") else str(value)


def is_instant(cell: str) -> bool:
    """Whether the cell is empty or an instant in UTC to the microsecond, as the dictionary promises."""
    if not cell:
        return True
    try:
        return cell.endswith("Z") and len(cell) == 27 and datetime.fromisoformat(cell).astimezone(UTC) is not None
    except ValueError:
        return False
