"""What a person was told, without what the person typed: safe to keep, whatever a message may one day quote. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 300
SHORTEST_SENT = 3
LEFT_OUT = "…"
_QUOTED = re.compile(r"“[^”]*”|‘[^’]*’|\"[^\"]*\"")
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_FILE_NAME = re.compile(r"\S*[^\s.]\.[A-Za-z][A-Za-z0-9]{1,9}\b\S*")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")


def without_what_was_sent(told: Iterable[str], sent: Iterable[str]) -> str:
    """The messages on one line: what the request itself sent, quotations, addresses and file names are left out."""
    text = " ".join(told)
    for each in sorted({value.strip() for value in sent}, key=len, reverse=True):
        if len(each) >= SHORTEST_SENT:
            text = text.replace(each, LEFT_OUT)
    for pattern in (_QUOTED, _ADDRESS, _FILE_NAME):
        text = pattern.sub(LEFT_OUT, text)
    return " ".join(_UNSEEN.sub(" ", text).split())[:LONGEST]
