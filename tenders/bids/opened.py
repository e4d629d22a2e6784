"""Reading bids after their opening: answers and files at once, the price when quality is agreed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from sqlalchemy import select

from marketplace.core import db
from marketplace.core.db import action
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.journal import SYSTEM, Actor, record
from marketplace.core.passing import CHUNK_BYTES, PassingFile
from tenders.bids import drafts, keys, queries, sealed
from tenders.bids.content import Answers, BidFile, Price
from tenders.bids.events import PricesReleased
from tenders.bids.models import Bid, OpenedPart
from tenders.needs.models import Need


class PriceShut(Conflict):
    """The price stays shut until the quality scores are agreed."""

    def __init__(self) -> None:
        super().__init__("Prices stay shut until the quality scores are agreed.")


def read_answers(bid: Bid) -> Answers:
    """Answers, declarations and the list of files. Raises StillSealed before the opening."""
    return Answers.from_bytes(_get_part(bid, "answers").content)


def read_price(bid: Bid) -> Price:
    """The price, excluding VAT. Raises StillSealed before the opening, PriceShut until prices are released."""
    part = _get_part(bid, "price")
    if part.state != "open":
        raise PriceShut
    return Price.from_bytes(part.content)


def is_price_shut(bid: Bid) -> bool:
    """Whether read_price would refuse for an opened bid."""
    return _get_part(bid, "price").state != "open"


def opened_files(bid: Bid) -> Sequence[BidFile]:
    """The files of an opened bid, as its bidder listed them."""
    return read_answers(bid).files


def open_file(bid: Bid, slot: str) -> tuple[BidFile, PassingFile]:
    """One file of an opened bid, ready to be read, in constant memory; NotFound, or StillSealed before the opening.

    It is given out only when every chunk has proved whole, so it waits encrypted in a file without a name meanwhile.
    """
    found = next((each for each in opened_files(bid) if each.slot == slot), None)
    if found is None:
        raise NotFound("There is no such file in this bid.")
    part, out = _get_part(bid, f"file:{slot}"), PassingFile()
    with drafts.store().path(part.file_key).open("rb") as source:
        if part.content:
            binding = drafts.binding_of(bid, part.name, bid.current_version)
            sealed.release_file(sealed.KeyFile(part.content), source, out, binding)
        else:  # opened before opened files were kept under a key of their row
            shutil.copyfileobj(source, out, CHUNK_BYTES)
    out.seek(0)
    return found, out


@action
def release_prices(need: Need, actor: Actor = SYSTEM) -> int:
    """Makes the prices of all opened bids readable; called once the quality scores are agreed. Returns how many."""
    queries.insist_opened(need)
    shut = [(bid, _get_part(bid, "price")) for bid in queries.opened_bids(need)]
    shut = [(bid, part) for bid, part in shut if part.state != "open"]
    if not shut:
        return 0
    key = keys.price_key(need)
    for bid, part in shut:
        binding = drafts.binding_of(bid, "price", bid.current_version)
        part.content, part.state = sealed.release_part(key, part.content, binding), "open"
        part.size = len(part.content)
    authority = need.authority.reference if need.authority else ""
    record(PricesReleased(subject=need.reference, need=need.reference, authority=authority, count=len(shut)), actor)
    return len(shut)


def _get_part(bid: Bid, name: str) -> OpenedPart:
    if bid.opened_at is None:
        raise queries.StillSealed
    part = db.session.scalar(select(OpenedPart).where(OpenedPart.bid_id == bid.id, OpenedPart.name == name))
    if part is None:
        raise NotFound("There is no such part in this bid.")
    return part
