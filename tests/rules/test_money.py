"""Money: what people may type, how it is written, and that no penny is lost."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.money import (
    MOST_PENCE,
    MoneyUnreadable,
    parse_pounds,
    pounds,
    pounds_exact,
    share_out,
    split_vat,
    vat_on,
)

TWENTY = Decimal("0.20")


@pytest.mark.parametrize(
    ("typed", "pence"),
    [
        ("£1,200.50", 120050), ("1200", 120000), (" £ 30,000 ", 3000000), ("0", 0), ("0.01", 1), ("1.5", 150),
        ("1,234,567.89", 123456789), ("007", 700),
    ],
)  # fmt: skip
def test_reads_what_people_type(typed: str, pence: int) -> None:
    assert parse_pounds(typed) == pence


@pytest.mark.parametrize(
    "typed",
    ["", "abc", "1,20", "12,34.00", "1.234", "-5", "1e5", "£", "1.2m", "10k", "1 200", "١٢", "nan", "1..2", "9" * 30],
)
def test_refuses_what_is_not_an_amount(typed: str) -> None:
    with pytest.raises(MoneyUnreadable):
        parse_pounds(typed)


def test_refuses_more_than_a_column_holds() -> None:
    assert parse_pounds(str(MOST_PENCE // 100)) == MOST_PENCE
    with pytest.raises(MoneyUnreadable, match="too large"):
        parse_pounds(str(MOST_PENCE // 100) + ".01")


def test_writes_pounds_without_needless_pence() -> None:
    assert pounds(123450) == "£1,234.50"
    assert pounds(3000000) == "£30,000"
    assert pounds(5) == "£0.05"
    assert pounds(-123450) == "-£1,234.50"


@given(st.integers(0, MOST_PENCE))
def test_what_is_written_can_be_read(pence: int) -> None:
    assert parse_pounds(pounds(pence)) == pence
    assert parse_pounds(pounds_exact(pence)) == pence


def test_vat_rounds_half_a_penny_up() -> None:
    assert vat_on(10000, TWENTY) == 2000
    assert [vat_on(net, Decimal("0.05")) for net in (10, 30, 29)] == [1, 2, 1]
    assert split_vat(12000, TWENTY) == (10000, 2000)
    assert split_vat(100, TWENTY) == (83, 17)


@given(st.integers(0, MOST_PENCE))
def test_net_and_vat_add_up(gross: int) -> None:
    net, vat = split_vat(gross, TWENTY)
    assert net + vat == gross and abs(vat_on(net, TWENTY) - vat) <= 1


def test_shares_keep_every_penny() -> None:
    assert share_out(100, [1, 1, 1]) == [34, 33, 33]
    assert share_out(1001, [50, 30, 20]) == [501, 300, 200]
    with pytest.raises(ValueError, match="Weights"):
        share_out(100, [0, 0])


@given(st.integers(0, 10**12), st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(sum))
def test_shares_add_up(total: int, weights: list[int]) -> None:
    shares = share_out(total, weights)
    assert sum(shares) == total
    assert all(abs(share - total * weight / sum(weights)) < 1.01 for share, weight in zip(shares, weights, strict=True))
