"""Which well-known paper a certificate or policy is, read from what its holder calls it."""

from __future__ import annotations

import re

# Key -> what buyers ask for; the order in which a list offers them.
PAPERS = {
    "cyber-essentials": "Cyber Essentials",
    "cyber-essentials-plus": "Cyber Essentials Plus",
    "iso-27001": "ISO 27001, information security",
    "iso-9001": "ISO 9001, quality",
    "iso-14001": "ISO 14001, environment",
    "professional-indemnity": "Professional indemnity insurance",
    "public-liability": "Public liability insurance",
    "employers-liability": "Employers’ liability insurance",
    "cyber-insurance": "Cyber insurance",
    "other-certificate": "Another certificate",
    "other-insurance": "Another insurance",
}
_CERTIFICATES = (
    ("cyber-essentials-plus", r"cyber essentials (?:plus|\+)|\bce ?plus\b"),
    ("cyber-essentials", r"cyber essentials"),
    ("iso-27001", r"\b27001\b"),
    ("iso-9001", r"\b9001\b"),
    ("iso-14001", r"\b14001\b"),
)
_INSURANCE = (
    ("professional-indemnity", r"professional (?:indemnity|liability)|\bpii?\b"),
    ("employers-liability", r"employer"),
    ("public-liability", r"public"),
    ("cyber-insurance", r"cyber"),
)
# A Plus certificate rests on a basic one, so its holder has what a buyer asks for who asks for the basic one.
IMPLIED = {"cyber-essentials-plus": "cyber-essentials"}


def papers_of(kind: str, name: str) -> tuple[str, ...]:
    """The keys that a paper counts for; a policy that covers two liabilities counts for both."""
    plain = " ".join(name.casefold().replace("-", " ").split())
    rules = _INSURANCE if kind == "insurance" else _CERTIFICATES
    found = [key for key, words in rules if re.search(words, plain)]
    if kind != "insurance":
        found = found[:1]
        found += [IMPLIED[each] for each in found if each in IMPLIED]
    return tuple(found) or (f"other-{kind}",)
