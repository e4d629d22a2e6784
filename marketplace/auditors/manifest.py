"""manifest.json: what an export holds, as of when, where the journal stood; signed with the key of checkpoints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from marketplace import config
from marketplace.auditors.exports import Scope
from marketplace.auditors.exports.journal import RECIPE
from marketplace.core.csvfile import WrittenFile
from marketplace.core.journal import canonical_json, plain
from marketplace.transparency.checkpoints import log_key, log_keys

FORMAT = "market-export-1"
CELLS = (
    "UTF-8, commas, CRLF line ends; a header even when there are no rows. Instants are UTC (ISO 8601, Z), days "
    "ISO 8601, money plain pounds with two places, claims true or false, an empty cell nothing. A text cell that a "
    "spreadsheet would run as a formula (it begins with = + - @, a tab or a line end) has an apostrophe before it, and "
    "one that begins with an apostrophe has one more: take one leading apostrophe away from text cells to have the "
    "original."
)
SIGNING = (
    "The signature is Ed25519, by the key that signs checkpoints of the journal (/journal/key), over this object "
    "without “signature” as JSON: keys in order, no spaces, characters kept, UTF-8. /journal/check-export.py checks it "
    "and the files without this service. root is that of an RFC 6962 tree over the 32-byte hashes of the journal’s lines."
)


@dataclass(frozen=True)
class Standing:
    """Where the journal stood: how many lines, the last one's hash, the root of the tree over them (hexadecimal)."""

    lines: int
    hash: str
    root: str


def manifest_text(scope: Scope, journal: Standing, files: Sequence[WrittenFile]) -> str:
    """What manifest.json says; the same export always gives the same text."""
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "service": config.current().service_name,
        "as_of": plain(scope.as_of),
        "filters": scope.filters,
        "journal": {**asdict(journal), "recipe": RECIPE},
        "cells": CELLS,
        "files": [asdict(each) for each in files],
        "signing": SIGNING,
        "signed_by": log_key().name,
    }
    manifest["signature"] = log_keys().private_key().sign(canonical_json(manifest).encode()).hex()
    return json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
