"""Numbers and names that tell one firm from another: how they are written, and what is not one."""

from __future__ import annotations

import re
import unicodedata

# Companies House's two-letter prefixes: Scotland, Northern Ireland, partnerships, societies, charities, overseas…
COMPANY_PREFIXES = frozenset(
    [
        "AC", "CE", "CS", "ES", "FC", "FE", "GE", "GN", "GS", "IC", "IP", "LP", "NA", "NC", "NF", "NI", "NL", "NO", "NP",
        "NR", "NV", "NZ", "OC", "OE", "PC", "RC", "RS", "SA", "SC", "SE", "SF", "SG", "SI", "SL", "SO", "SP", "SR", "SZ",
    ]
)  # fmt: skip
_LEGAL_ENDINGS = frozenset({"limited", "ltd", "plc", "llp", "lp", "cic", "cio", "incorporated", "inc", "uk"})
_ADDRESS = re.compile(r"(https?)://([a-z0-9-]+(?:\.[a-z0-9-]+)+)(:[0-9]{1,5})?((?:[/?#][^\s<>\"']*)?)", re.IGNORECASE)
_CHARITY_SHAPES = (r"[1-9][0-9]{5,6}(?:-[0-9]{1,3})?", r"SC0[0-9]{5}", r"NIC[0-9]{6}")


def normalise_company_number(text: str) -> str | None:
    """Eight characters as Companies House writes them, or None; seven digits are one that lost its first nought."""
    squeezed = _squeezed(text)
    if re.fullmatch(r"[0-9]{7,8}", squeezed):
        return squeezed.zfill(8) if int(squeezed) else None
    found = re.fullmatch(r"([A-Z]{2})([0-9]{6})", squeezed)
    if found and found[1] in COMPANY_PREFIXES and int(found[2]):
        return squeezed
    # Old registers: Northern Ireland's R0…, and societies whose number ends in R.
    old = re.fullmatch(r"R0[0-9]{6}|(?:IP|SP|RS|NP)[0-9]{5}R", squeezed)
    return squeezed if old else None


def normalise_charity_number(text: str) -> str | None:
    """England and Wales 6 or 7 digits ("-1" for a linked charity), Scotland SC0 and 5, Northern Ireland NIC and 6."""
    squeezed = re.sub(r"[\s./]+", "", text).upper()
    return squeezed if any(re.fullmatch(shape, squeezed) for shape in _CHARITY_SHAPES) else None


def normalise_vat_number(text: str) -> str | None:
    """ "GB831495816" when the nine digits pass HMRC's check (modulus 97, old and 9755 series), or None."""
    digits = _squeezed(text).removeprefix("GB")
    if not re.fullmatch(r"[0-9]{9}(?:[0-9]{3})?", digits) or not int(digits[:7]):
        return None
    total = sum(int(digit) * weight for digit, weight in zip(digits[:7], range(8, 1, -1), strict=True))
    total += int(digits[7:9])
    return f"GB{digits}" if total % 97 == 0 or (total + 55) % 97 == 0 else None


def normalise_ppon(text: str) -> str | None:
    """The central digital platform's organisation number as "PABC-1234-DEFG", or None."""
    squeezed = _squeezed(text).removeprefix("GBPPON")
    found = re.fullmatch(r"(P[A-Z]{3})([0-9]{4})([A-Z]{4})", squeezed)
    return "-".join(found.groups()) if found else None


def normalise_website(text: str) -> str | None:
    """An http or https address with a host that has a dot; https is put before a bare one. None for anything else."""
    address = text.strip()
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", address) or re.match(r"[^/:]+\.[^/:]+:[0-9]", address):
        address = f"https://{address}"
    found = _ADDRESS.fullmatch(address)
    if not found or len(address) > 300:
        return None
    return f"{found[1].lower()}://{found[2].lower()}{found[3] or ''}{found[4]}"


def name_key(name: str) -> str:
    """A name as it is compared: "ACME Limited", "The Acme Ltd." and "acme" are one, "Acme Works" is another."""
    plain = unicodedata.normalize("NFKD", name.replace("&", " and ")).casefold()
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    words = re.findall(r"\w+", re.sub(r"['’.]", "", plain))
    kept = list(words)
    while len(kept) > 1 and kept[-1] in _LEGAL_ENDINGS:
        kept.pop()
    if len(kept) > 1 and kept[0] == "the":
        kept = kept[1:]
    return " ".join(kept)[:200]


def is_a_name(name: str) -> bool:
    """Whether there is a letter in it."""
    return any(each.isalpha() for each in name)


def _squeezed(text: str) -> str:
    return re.sub(r"[\s./-]+", "", text).upper()
