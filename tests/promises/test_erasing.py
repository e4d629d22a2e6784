"""E5: a person's name and address go from wherever they are kept, and the record still verifies."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

from flask import Flask
from sqlalchemy import select
from sqlalchemy.engine import make_url

from marketplace import timetable
from marketplace.accounts import erasing, joining, people
from marketplace.accounts.actions import close_account
from marketplace.accounts.emails import EMAILS
from marketplace.accounts.models import Membership
from marketplace.auditors.actions import export_everything
from marketplace.config import Settings
from marketplace.core import db
from marketplace.tables import all_tables
from marketplace.transparency.checking import check_record, read_witnessed
from marketplace.transparency.checkpoints import find_newest, make_checkpoint
from search.actions import ask_to_follow
from search.emails import EMAILS as SEARCH_EMAILS
from tests import bidding, making
from tests.letterbox import write_mails
from tests.promises.proof import Proof

REASON = "Asked for by letter"


def rows_with(words: list[str]) -> list[str]:
    """Tables that hold any of these words, in whatever column."""
    found = []
    for table in all_tables().sorted_tables:
        for row in db.session.execute(select(table)):
            if any(word.casefold() in str(value).casefold() for word in words for value in row):
                found.append(table.name)
    db.session.rollback()
    return found


def files_with(words: list[str], *folders: Path) -> list[str]:
    """Files with any of these words in their bytes, compressed or encrypted ones as they are."""
    needles = [shape for word in words for shape in (word.encode(), word.lower().encode())]
    return [
        path.name for folder in folders for path in sorted(folder.rglob("*"))
        if path.is_file() and any(each in path.read_bytes() for each in needles)
    ]  # fmt: skip


def known_person(app: Flask, number: int) -> Membership:
    """A bidder who left traces in every room that keeps an address or a name."""
    name, email = f"Quillon Zephyrdale {number}", f"quillon.zephyrdale{number}@erase-me.example"
    firm = making.supplier()
    making.supplier_member(firm)
    member = making.supplier_member(firm, name=name, email=email)
    other = making.supplier_member()
    people.invite_colleague(other.organisation, email, ["bidder"], other, name)
    council = making.council()
    making.officer(council)
    joining.ask_to_join(member.person, council, f"I am {name}, write to {email}")
    ask_to_follow(making.open_need().reference, email.upper())
    write_mails(app, {**EMAILS, **SEARCH_EMAILS})
    return member


def erase_by(way: str, member: Membership) -> None:
    if way == "the person":
        close_account(member.person_id, making.PASSWORD)
    else:
        erasing.erase_person(member.person_id, REASON, making.administrator() if way == "an administrator" else None)


def database_folder(house: Settings) -> Path | None:
    """Where an SQLite file lies, with its log; PostgreSQL's own files are the business of its vacuum."""
    url = make_url(house.url)
    return Path(str(url.database)).parent if url.drivername.startswith("sqlite") else None


def test_after_a_person_is_erased_the_record_verifies(app: Flask, house: Settings, tmp_path: Path, proof: Proof) -> None:
    count, faults = proof.size("E5"), []
    ways = cycle(("an administrator", "the person", "a command"))
    for number in range(count):
        way = next(ways)
        made, member = bidding.purchase(), known_person(app, number)
        bidding.submitted(made.need, member)
        make_checkpoint()
        newest = find_newest()
        assert newest is not None
        bidding.open_all(made)
        words, export = [member.person.name, member.person.email], tmp_path / f"export {number}"
        places = ({folder} if (folder := database_folder(house)) else set()) | {house.home}
        assert {"people", "invitations", "follows", "mails", "memberships"} <= set(rows_with(words))
        erase_by(way, member)
        timetable.overwrite_what_was_erased()
        faults += [f"{each} still names person {number}, erased by {way}" for each in rows_with(words)]
        list(export_everything(export, lambda _line: None))
        faults += [f"{each} still names person {number}" for each in files_with(words, export, *places)]
        report = check_record(read_witnessed([newest.note]))
        faults += report.faults + ([] if report.verdict.is_whole else [report.verdict.reason])
    proof.tell(
        "E5", "people erased after they bid: by themselves, an administrator, a command", count=count, violations=faults
    )


def test_a_name_that_stays_is_found(app: Flask, house: Settings, tmp_path: Path) -> None:
    member = known_person(app, 1)
    erasing.erase_person(member.person_id, REASON)
    with db.housekeeping() as current:
        member.note = "Ask Quillon Zephyrdale 1"
        current.add(member)
    assert rows_with(["Quillon Zephyrdale 1"]) == ["memberships"]
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "list.csv").write_text("Quillon Zephyrdale 1")
    assert files_with(["Quillon Zephyrdale 1"], tmp_path / "kept") == ["list.csv"]
