"""The sealed bid to take away: its firm's own at any time, the bids of a council's need after their opening."""

from __future__ import annotations

from werkzeug.wrappers import Response

from marketplace.accounts.access import get_member, may
from marketplace.core.errors import NotFound
from tenders.bids import queries
from tenders.bids.blueprint import blueprint
from tenders.bids.desk import get_desk
from tenders.bids.models import BidVersion
from tenders.bids.sealed_download import sealed_zip, signed_receipt
from tenders.needs import queries as need_queries
from tenders.needs.models import Need


@blueprint.route("/supplier/bids/<reference>/sealed/<int:number>.zip")
@may("see_supplier_area")
def sealed_file(reference: str, number: int) -> Response:
    """The firm's own sealed bid, whichever version."""
    return sealed_zip(get_version(get_desk(reference).bid.versions, number))


@blueprint.route("/supplier/bids/<reference>/receipt/<int:number>.json")
@may("see_supplier_area")
def receipt_file(reference: str, number: int) -> Response:
    """A receipt as the signed file that anyone can verify."""
    return signed_receipt(get_version(get_desk(reference).bid.versions, number))


@blueprint.route("/council/needs/<reference>/sealed/<bid>.zip")
@may("see_assessment")
def council_sealed_file(reference: str, bid: str) -> Response:
    """The sealed version that was opened, for the council."""
    return sealed_zip(get_opened_version(_own_need(reference), bid))


@blueprint.route("/council/needs/<reference>/receipts/<bid>.json")
@may("see_assessment")
def council_receipt_file(reference: str, bid: str) -> Response:
    """The receipt of the version that was opened, for the council."""
    return signed_receipt(get_opened_version(_own_need(reference), bid))


def _own_need(reference: str) -> Need:
    return need_queries.get_need_of(reference, get_member().organisation_id)


def get_version(versions: list[BidVersion], number: int) -> BidVersion:
    """The version with this number; NotFound."""
    version = next((each for each in versions if each.number == number), None)
    if version is None:
        raise NotFound("This bid has no such version.")
    return version


def get_opened_version(need: Need, bid: str) -> BidVersion:
    """The version of this bid that was opened; NotFound, or StillSealed before the opening."""
    found = queries.get_opened_bid(need, bid)
    return get_version(found.versions, found.current_version)
