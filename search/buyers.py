"""What kind of body a buyer is: councils by the register, others by what their name says."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from marketplace.reference import councils

OTHER = "other"
# Key -> (what readers see, the register's types of councils).
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "county": ("County councils", ("CTY",)),
    "district": ("District and borough councils", ("NMD",)),
    "unitary": ("Unitary councils", ("UA", "CC")),
    "london": ("London boroughs", ("LBO",)),
    "metropolitan": ("Metropolitan boroughs", ("MD",)),
    "wales": ("Welsh councils", ("WPA",)),
    "scotland": ("Scottish councils", ("SCO",)),
    "northern-ireland": ("Northern Irish councils", ("NID",)),
    "combined": ("Combined and regional authorities", ("COMB", "SRA")),
    "parish": ("Town, parish and community councils", ()),
    "nhs": ("NHS and health bodies", ()),
    "police-fire": ("Police, fire and rescue", ()),
    "education": ("Schools, colleges and universities", ()),
    "housing": ("Housing associations", ()),
    "central": ("Central government and its agencies", ()),
    OTHER: ("Other public bodies", ()),
}
_OF_TYPE = {each: key for key, (_, types) in KINDS.items() for each in types}
COUNCILS = frozenset(_OF_TYPE.values()) | {"parish"}
# What a council's name may have around the place that it is of.
_AROUND = frozenset(
    [
        "the",
        "of",
        "council",
        "councils",
        "borough",
        "boroughs",
        "city",
        "county",
        "district",
        "metropolitan",
        "london",
        "royal",
        "corporation",
        "lb",
        "lbc",
        "mbc",
        "unitary",
        "authority",
        "combined",
        "cross",
        "and",
    ]
)
_CLAIMS = re.compile(
    r"\b(councils?|boroughs?|corporation|combined authority|lbc?|mbc)\b"
)
# The first that fits. A department is central government whatever it deals with, hence the order.
_BY_NAME = tuple(
    (key, re.compile(rf"\b(?:{'|'.join(words)})\b"))
    for key, *words in (
        ("central", "home office", "ministry", "cabinet office", "departments? (?:for|of|in|on)", "secretary of state",
         "mod", "beis", "dwp", "dvla", "defence", "h[mi]rc", "hmcts", "(?:her|his) majesty s", "hm", "army", "navy",
         "raf"),
        ("nhs", "nhs", "nhsx", "hospitals?", "clinical commissioning", "ccg", "integrated care", "ambulance",
         "health (?:board|education|research|authority|trust|and social care)", "public health", "healthcare",
         "foundation trust"),
        ("police-fire", "police", "constabulary", "crime commissioner", "fire", "rescue"),
        ("education", "schools?", "academy", "academies", "colleges?", "university", "universities", "sixth form",
         "(?:education|learning) trust"),
        ("housing", "housing", "homes (?:limited|ltd|group)"),
        ("parish", "(?:town|parish|community) council"),
        ("county", "county council"),
        ("london", "london boroughs?", "lbc?"),
        ("district", "(?:district|borough) council"),
        ("unitary", "city council"),
        ("combined", "combined authority", "greater london authority", "mayoral"),
        ("central", "agency", "government", "office (?:of|for)", "parliament\\w*", "commission", "crown", "treasury",
         "inspectorate", "uk research", "national archives", "met office", "infrastructure"),
    )
)  # fmt: skip


def kind_of_council(type_: str) -> str:
    """The key for a type of the register of councils."""
    return _OF_TYPE.get(type_, OTHER)


@lru_cache(maxsize=50_000)
def kind_of_buyer(name: str) -> str:
    """The key for a buyer known by name alone; "other" when the name does not tell."""
    plain = _plain(name)
    return _council_kind(plain) or next(
        (key for key, words in _BY_NAME if words.search(plain)), OTHER
    )


def _council_kind(plain: str) -> str | None:
    known = _council_names()
    if plain in known[0]:
        return known[0][plain]
    return known[1].get(_place(plain)) if _CLAIMS.search(plain) else None


def names_a_council(text: str) -> bool:
    """Whether one of the customers in a text, parted by punctuation or lines, is a council."""
    return any(
        _is_council(_plain(each))
        for each in re.split(r"[;,:\n•·|()]+|\.\s", text)
        if each.strip()
    )


@lru_cache(maxsize=50_000)
def _is_council(plain: str) -> bool:
    return len(plain) < 90 and kind_of_buyer(plain) in COUNCILS


@cache
def _council_names() -> tuple[dict[str, str], dict[str, str]]:
    """Kinds by the whole name, and by the place alone."""
    whole = {_plain(each.name): kind_of_council(each.type) for each in councils()}
    places = {
        _place(_plain(each.name)): kind_of_council(each.type) for each in councils()
    }
    return whole, {place: kind for place, kind in places.items() if place}


def _plain(name: str) -> str:
    return " ".join(re.findall(r"\w+", name.casefold().replace("&", " and ")))


def _place(plain: str) -> str:
    return " ".join(word for word in plain.split() if word not in _AROUND)
