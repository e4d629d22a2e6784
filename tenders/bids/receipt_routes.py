"""For anyone with a receipt: the key that signs receipts, and how to check one without trusting this service."""

from __future__ import annotations

import io

from werkzeug.wrappers import Response

from marketplace.accounts.access import public
from marketplace.core.pages import page
from tenders.bids import keys, sealed
from tenders.bids.blueprint import blueprint
from tenders.bids.desk import download


@blueprint.route("/receipts/check")
@public
def check_receipts() -> Response:
    """Step by step, with the few lines of Python that do it."""
    key = keys.signing_keys().public_key()
    return page(
        "tenders/bids/check_receipts.html",
        title="Check a receipt",
        public_key=key.hex(),
        key_id=sealed.key_id(key),
    )


@blueprint.route("/receipts/receipt-key.pem")
@public
def receipt_key() -> Response:
    """The public key of receipts as a PEM file."""
    content = sealed.public_key_pem(keys.signing_keys().public_key())
    return download(io.BytesIO(content), "receipt-key.pem", "application/x-pem-file")
