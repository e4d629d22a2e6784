"""How numbers of the central platform (Find a Tender) are written. Pure; a wrong one sends every reader nowhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marketplace.core.errors import Problem

NUMBER = re.compile(r"[0-9]{6}-20[0-9]{2}")
DEMONSTRATION = re.compile(r"DEMO-N-20[0-9]{2}-[0-9]{4,}")
# Open Contracting Data Standard: a registered prefix, a hyphen, then the publisher's own identifier.
OCID = re.compile(r"ocds-[a-z0-9]{6}-[A-Za-z0-9][A-Za-z0-9._:/-]*")
ADDRESS = re.compile(r"https?://[^\s/.]+\.[^\s]+")

NUMBER_WANTED = "Enter the number as the central platform shows it: six figures, a hyphen and the year, like 012345-2026"
OCID_WANTED = "Enter the identifier as the central platform shows it, like ocds-h6vhtk-012ab3"
ADDRESS_WANTED = "Enter the notice's address with https:// at its beginning"


def is_number(text: str, allows_demonstration: bool = False) -> bool:
    """Whether this is a notice number (012345-2026), or where allowed the demonstration's own (DEMO-N-2026-0001)."""
    return bool(NUMBER.fullmatch(text) or (allows_demonstration and DEMONSTRATION.fullmatch(text)))


def is_address(text: str) -> bool:
    return bool(ADDRESS.fullmatch(text))


def central_notice_problems(values: Mapping[str, Any], allows_demonstration: bool = False) -> list[Problem]:
    """What is wrong with the number, address and identifier among a section's values; empty ones are not judged."""
    said = {key: str(values.get(key) or "").strip() for key in ("central_notice_number", "central_notice_url", "ocid")}
    found = []
    number, url, ocid = said.values()
    if number and not is_number(number, allows_demonstration):
        found.append(Problem(NUMBER_WANTED, "central_notice_number"))
    if url and not is_address(url):
        found.append(Problem(ADDRESS_WANTED, "central_notice_url"))
    if ocid and not OCID.fullmatch(ocid):
        found.append(Problem(OCID_WANTED, "ocid"))
    return found
