"""Lists, feeds and calendars answer whatever stands in their address: with a page or a refusal in words, never a fault."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from search import indexing
from tests import making
from tests.pageclient import PageClient
from tests.quick import cpu_of
from tests.rules.hostile import hostile_strings

LISTS = ("/needs", "/suppliers", "/needs.atom", "/needs.ics", "/needs.csv", "/suppliers.csv")
ADDRESSES = (
    "q=%", "q=%ED%A0%80", "q=%ff%fe", "q=%00", "q[]=a", "q=a&q=b", "q", "=", "q=&&&&", "q=a&page=99999999999", "q=a&page=-1",
    "q=a&page=0", "q=%u0041", "q=a%0d%0aSet-Cookie:x", "near=%00&q=a", "within=9&near=LN1%201YL", "closing=x", "sort=%00",
    "status=%ff", "region[]=x", "q=" + "a+" * 4000, "q=" + "%CC%81" * 3000, "q=a&" + "region=London&" * 500,
)  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_no_string_breaks_a_list(client: PageClient, path: str) -> None:
    making.open_need(title="Parking permits")
    making.supplier("Acme Ltd", about="Parking permits", source="test", source_id="1")
    indexing.rebuild_index(lambda _: None)
    asked = [*ADDRESSES, *(f"q={quote(each[:2000], errors='surrogatepass')}" for each in hostile_strings()[::7])]
    for address in asked:
        assert cpu_of(lambda: fetch(client, path, address)) < 1, address[:80]  # noqa: B023


def fetch(client: PageClient, path: str, address: str) -> None:
    with client.client.get(f"{path}?{address}") as response:
        assert response.status_code in (200, 302, 400, 404), (address[:80], response.status_code)
        assert response.status_code != 302 or response.headers["Location"].startswith("/"), address[:80]
