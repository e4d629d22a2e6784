"""Reads a finance system's file of payments, whatever it calls its columns. Pure: bytes in, lines out; nothing guessed.

Comma, semicolon or tab; UTF-8 with or without a mark, UTF-16 with one, or Windows-1252; any line ends; pounds with or
without sign and commas. Headings are compared without capitals, spaces and punctuation; HEADINGS lists those known.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from marketplace.core.errors import Problem, Problems
from marketplace.core.money import MoneyUnreadable, parse_pounds

HEADINGS: dict[str, tuple[str, ...]] = {
    "number": ("invoicenumber", "invoiceno", "invoicenum", "invoiceref", "invoicereference", "invoice",
               "supplierinvoicenumber", "supplierinvoice", "supplierreference", "supplierref", "yourreference",
               "yourref", "documentnumber", "externalreference"),
    "supplier": ("supplier", "suppliername", "supplierbeneficiaryname", "suppliercompanyname", "beneficiary", "beneficiaryname", "vendor", "vendorname", "payee",
                 "payeename", "creditor", "creditorname", "merchantname"),
    "amount": ("amount", "amountpaid", "paymentamount", "paidamount", "amountgbp", "grossamount", "gross", "total",
               "totalpaid", "value", "paymentvalue", "sum"),
    "paid": ("paymentdate", "datepaid", "paiddate", "paidon", "date", "dateofpayment", "invoicepaymentdate", "valuedate", "settlementdate",
             "arrivaldate"),
    "reference": ("paymentreference", "paymentref", "bacsreference", "bankreference", "remittancenumber",
                  "paymentnumber", "transactionnumber", "chequenumber"),
}  # fmt: skip
NEEDED = {"number": "the invoice number", "supplier": "the supplier", "amount": "the sum", "paid": "the date"}
ROWS_LOOKED_AT = 20
MOST_LINES = 20_000
MOST_BYTES = 10_000_000
LONGEST_TEXT = 1_000
_DATE_SHAPES = ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y",
                "%d-%b-%y", "%Y%m%d")  # fmt: skip


@dataclass(frozen=True)
class FileLine:
    """One line as the file has it; `number` counts from the heading, which is 1. Pence; None where unreadable."""

    number: int
    text: str
    invoice_number: str = ""
    supplier: str = ""
    amount_pence: int | None = None
    named_on: date | None = None
    bank_reference: str = ""
    problem: str = ""


def read_lines(content: bytes) -> list[FileLine]:
    """Every line below the heading that is not empty. Raises Problems when the file cannot be a list of payments."""
    if len(content) > MOST_BYTES:
        raise _refused(f"The file is larger than {MOST_BYTES // 1_000_000} MB. Split it")
    rows = _rows(decoded(content))
    columns: dict[str, int] = {}
    for row, fault in _first(rows):
        if not fault and (columns := _columns(row)):
            break
    if not columns:
        raise _refused(
            "No line of the file names the columns. It needs headings for "
            + ", ".join(list(NEEDED.values())[:-1]) + " and " + list(NEEDED.values())[-1]
        )  # fmt: skip
    lines = []
    for number, (row, fault) in enumerate(rows, start=2):
        if number > MOST_LINES + 1:
            raise _refused(f"The file has more than {MOST_LINES:,} lines. Split it")
        if fault or any(each.strip() for each in row):
            lines.append(_line(number, row, fault, columns))
    return lines


def _first(rows: Iterator[tuple[list[str], str]]) -> Iterator[tuple[list[str], str]]:
    for _ in range(ROWS_LOOKED_AT):
        found = next(rows, None)
        if found is None:
            return
        yield found


def _refused(words: str) -> Problems:
    return Problems([Problem(words, "file")])


def decoded(content: bytes) -> str:
    """Text by the file's mark, else UTF-8, else Windows-1252 with unknown bytes replaced; without NULs."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace").replace("\x00", "")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return text.replace("\x00", "")


def _rows(text: str) -> Iterator[tuple[list[str], str]]:
    """Each row with "", or with why it and what follows it cannot be read."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield [], "From here on the file cannot be read: a quotation mark may be missing."
            return
        yield row, ""


def _delimiter(text: str) -> str:
    """The one that names the columns in one of the first lines; comma when none does."""
    for line in text.splitlines()[:ROWS_LOOKED_AT]:
        for each in (",", ";", "\t", "|"):
            if _columns(line.split(each)):
                return each
    return ","


def _columns(row: Sequence[str]) -> dict[str, int]:
    """Where each thing stands; {} when the row does not name all that is needed. Of two such columns the first."""
    plain = [re.sub(r"[^a-z0-9]", "", each.lower()) for each in row]
    found = {}
    for name, known in HEADINGS.items():
        places = [plain.index(each) for each in known if each in plain]
        if places:
            found[name] = places[0]
    return found if set(NEEDED) <= set(found) else {}


def _line(number: int, row: list[str], fault: str, columns: dict[str, int]) -> FileLine:
    text = ", ".join(each.strip() for each in row)[:LONGEST_TEXT]
    if fault:
        return FileLine(number, text, problem=fault)
    cells = {name: row[at].strip() if at < len(row) else "" for name, at in columns.items()}
    amount, named_on = pence_of(cells["amount"]), day_of(cells["paid"])
    problem = ""
    if not cells["number"]:
        problem = "The line names no invoice number."
    elif amount is None:
        problem = f"“{cells['amount'][:40]}” is not a sum of money that was paid."
    elif named_on is None:
        problem = f"“{cells['paid'][:40]}” is not a date."
    named = (cells["number"][:120], cells["supplier"][:200])
    return FileLine(number, text, *named, amount, named_on, cells.get("reference", "")[:60], problem)


def pence_of(text: str) -> int | None:
    """Pence of "£1,200.50", "1200.5", "GBP 1200"; None for nought, for what is less, and for anything else."""
    plain = re.sub(r"^(GBP|£)\s*|\s*(GBP|CR)$", "", text.strip(), flags=re.IGNORECASE)
    try:
        return parse_pounds(plain) or None
    except MoneyUnreadable:
        return None


def day_of(text: str) -> date | None:
    """A day as British and international files write it, a time of day left away; None for anything else."""
    plain = re.sub(r"[T ][0-9]{1,2}:[0-9]{2}.*$", "", text.strip())
    for shape in _DATE_SHAPES:
        try:
            found = datetime.strptime(plain, shape).date()
        except ValueError:
            continue
        return found if 2000 <= found.year <= 2100 else None
    return None
