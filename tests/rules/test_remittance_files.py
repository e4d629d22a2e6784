"""Files of payments as finance systems write them: read whatever they look like, refused in words, never guessed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.errors import Problems
from tenders.payments.paying.remittance_file import FileLine, day_of, pence_of, read_lines

PLAIN = "Invoice Number,Supplier Name,Amount,Payment Date,Payment Reference\r\nINV-1,Larch Ltd,4800.00,02/02/2027,B1\r\n"
READ = FileLine(2, "INV-1, Larch Ltd, 4800.00, 02/02/2027, B1", "INV-1", "Larch Ltd", 480_000, date(2027, 2, 2), "B1")


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.replace("\r\n", "\n").encode(),
        PLAIN.replace("\r\n", "\r").encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        "ï»¿".encode() + PLAIN.encode(),  # a mark that some program has encoded once more
        b"\xff\xfe" + PLAIN.encode("utf-16-le"),
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.upper().replace("INV-1,LARCH LTD", "INV-1,Larch Ltd").encode(),
        PLAIN.replace("Invoice Number", "INVOICE  no.").replace("Supplier Name", "Payee").encode(),
        PLAIN.replace("\x00", "").encode() + b"\r\n,,,,\r\n",
    ],
)
def test_the_same_payment_however_it_is_written(content: bytes) -> None:
    assert read_lines(content) == [READ]


def test_lines_above_the_heading_and_other_columns_do_not_matter() -> None:
    content = b"Payment run 17,,,,\r\n\r\n" + PLAIN.replace("Amount", "Net Amount,Amount").replace("4800.00", "1,4800.00").encode()
    assert [(each.number, each.amount_pence) for each in read_lines(content)] == [(2, 480_000)]


def test_windows_letters_are_read_and_the_pound_sign_too() -> None:
    content = PLAIN.replace("Larch", "Café").replace("4800.00", "£4800.00").encode("cp1252")
    assert [(each.supplier, each.amount_pence) for each in read_lines(content)] == [("Café Ltd", 480_000)]


@pytest.mark.parametrize(
    ("amount", "pence"),
    [("£4,800.00", 480_000), ("4800", 480_000), ("4800.5", 480_050), (" GBP 12.30 ", 1_230), ("0.00", None), ("-5", None),
     ("(5.00)", None), ("1.234,50", None), ("1e3", None), ("", None), ("£", None), ("9" * 40, None), ("٣", None)],
)  # fmt: skip
def test_sums(amount: str, pence: int | None) -> None:
    assert pence_of(amount) == pence


@pytest.mark.parametrize(
    "text", ["02/02/2027", "2027-02-02", "2 Feb 2027", "02-Feb-27", "2027-02-02T10:00:00", "02/02/2027 00:00", "20270202"]
)
def test_days(text: str) -> None:
    assert day_of(text) == date(2027, 2, 2)


@pytest.mark.parametrize("text", ["31/02/2027", "02/13/2027", "", "soon", "02/02/1899", "99999999", "44593"])
def test_what_is_no_day(text: str) -> None:
    assert day_of(text) is None


def test_what_cannot_be_a_payment_says_why() -> None:
    rows = ["INV-1,Larch Ltd,,02/02/2027,", "INV-1,Larch Ltd,5,never,", ",Larch Ltd,5,02/02/2027,", "INV-1"]
    lines = read_lines((PLAIN.splitlines()[0] + "\n" + "\n".join(rows)).encode())
    assert [each.problem for each in lines] == [
        "“” is not a sum of money that was paid.",
        "“never” is not a date.",
        "The line names no invoice number.",
        "“” is not a sum of money that was paid.",
    ]


def test_a_quotation_mark_that_never_ends_is_one_line_with_a_reason() -> None:
    lines = read_lines(PLAIN.encode() + b'INV-2,"Larch Ltd,5,02/02/2027\n' + b"x" * 200_000)
    assert lines[0] == READ
    assert [each.problem for each in lines[1:]] == ["From here on the file cannot be read: a quotation mark may be missing."]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"%PDF-1.7", b"PK\x03\x04" + bytes(range(256)) * 40, b"Body,Net Amount\n1,2\n", b"\xff\xfe"])
def test_what_is_no_list_of_payments_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(Problems, match="No line of the file names the columns"):
        read_lines(content)


def test_too_long_a_file_is_refused() -> None:
    with pytest.raises(Problems, match="more than 20,000 lines"):
        read_lines((PLAIN.splitlines()[0] + "\n" + "a,b,1,2027-01-01,\n" * 20_001).encode())


@given(st.binary(max_size=400))
def test_any_bytes_below_a_heading_are_counted_or_refused_and_never_crash(tail: bytes) -> None:
    try:
        lines = read_lines(PLAIN.encode() + tail)
    except Problems:
        return
    assert lines[0] == READ
    assert all(each.problem or (each.amount_pence and each.named_on and each.invoice_number) for each in lines)
    assert [each.number for each in lines] == sorted({each.number for each in lines})
