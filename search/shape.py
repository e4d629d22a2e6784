"""The shape of what is indexed: when the documents, their facts or the reading of words change, an old index is stale."""

import hashlib
import json
from dataclasses import asdict, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any

from search.documents import (
    Document,
    NeedDocument,
    Passage,
    SupplierDocument,
    cleaned,
    passages_of,
    to_json,
)
from search.fallback import plain_words, searched_texts
from search.selection import Facts, facts_of
from search.words import stems

# Long enough to have one of every kind of word that words.py treats in its own way.
_SAMPLE = """Organisation's organization organizational digitising digitized programme program licences licenses colour
colors centre centers catalogue cataloguing café cafés NAÏVE £50,000.00 20% 30k 1,200,000 C++ c# .NET e-mail email
on-line/offline don’t don't O`Brien councils' children bin bins binary refuse wastes recycling parking parked libraries
library analyses analysis travelling traveling fulfil fulfill modelling judgement N-2026-0001 2026/S 000-012345
ocds-h6vhtk-04f8a1 72000000-5 SW1A 1AA ﬁ Ⅷ ½ naïve\u0301 data datum maintenance maintaining housing houses access
accessibility EDRMS crm the of and not zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"""
_AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
_SHARED: dict[str, Any] = {
    "region": "London",
    "outcode": "E8",
    "latitude": 51.5,
    "longitude": -0.1,
    "cpv_codes": ("72200000", "48000000"),
    "capabilities": ("housing-repairs",),
    "passages": (Passage("Requirement 1", _SAMPLE), Passage("Outcomes", "One.\n\nTwo.")),
}


@cache
def shape_of_documents(engine: str) -> str:
    """Twelve hex digits, other ones whenever two versions of an engine would put different things in an index."""
    need = NeedDocument(
        reference="N-1", title=_SAMPLE, buyer="Hackney Council", published_at=_AT, value_pence=1, closes_at=_AT,
        numbers=("2026/S 000-012345",), **_SHARED,
    )  # fmt: skip
    supplier = SupplierDocument(reference="S-1", name=_SAMPLE, updated_at=_AT, size="micro", **_SHARED)
    parts: list[object] = [engine, [field.name for field in fields(Facts)]]
    documents: list[Document] = [need, supplier]
    for document in map(cleaned, documents):
        texts = [document.heading, *searched_texts(document)]
        parts += [to_json(document), repr(facts_of(document)), [stems(text) for text in texts]]
        parts += [sorted(plain_words(document)), [asdict(passage) for passage in passages_of(document)]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
