"""Electronic invoices: read from both syntaxes, hostile files refused in words, ours written and read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core import xmltree
from tenders.payments.einvoices.model import EInvoice, EInvoiceUnreadable, Line, Party, Totals, VatGroup
from tenders.payments.einvoices.reading import read_einvoice
from tenders.payments.einvoices.rules import einvoice_problems
from tenders.payments.einvoices.writing import write_ubl
from tests.einvoices import Sample

SAMPLE = Sample()
BOTH = pytest.mark.parametrize("write", [Sample.ubl, Sample.cii], ids=["UBL", "CII"])


@BOTH
def test_what_a_program_writes_is_read(write) -> None:
    found = read_einvoice(write(SAMPLE))
    assert einvoice_problems(found) == []
    assert (found.number, found.invoiced_on, found.due_on, found.kind) == (
        "2027/14", date(2027, 1, 12), date(2027, 1, 31), "380"
    )  # fmt: skip
    assert found.seller == Party("Acme & Sons Ltd", "1 High Street\nLeeds\nLS1 1UR", "GB", "GB123456789", "", "01234567")
    assert (found.buyer.name, found.purchase_order, found.terms) == ("Leeds City Council", "PO 77", SAMPLE.terms)
    assert found.totals == Totals(400_000, 400_000, 480_000, 480_000, 80_000)
    assert found.vat_groups == (VatGroup("S", Decimal(20), 400_000, 80_000),)
    assert found.description == "First release\nTraining"


def test_both_syntaxes_say_the_same() -> None:
    assert read_einvoice(SAMPLE.ubl()) == read_einvoice(SAMPLE.cii())


def other_prefixes(content: bytes) -> bytes:
    """The same with prefixes that nobody uses."""
    for ours, theirs in ((b"cac", b"a"), (b"cbc", b"b.1"), (b"ram", b"_r"), (b"rsm", b"R-S"), (b"udt", b"x")):
        content = content.replace(b"<" + ours + b":", b"<" + theirs + b":").replace(b"</" + ours + b":", b"</" + theirs + b":")
        content = content.replace(b"xmlns:" + ours, b"xmlns:" + theirs)
    return content


def in_letters(encoding: str, bom: bytes = b""):
    return lambda content: bom + content.decode().replace("UTF-8", encoding).encode(encoding)


@BOTH
@pytest.mark.parametrize(
    "turn",
    [
        other_prefixes,
        in_letters("UTF-16"),
        in_letters("ISO-8859-1"),
        in_letters("windows-1252"),
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b'<?xml version="1.0" encoding="UTF-8"?>\n', b""),
        lambda content: content.replace(b"><", b">\n  <!-- a note --><?a program?>\n<"),
        lambda content: content.replace(b"First release", b"<![CDATA[First release]]>"),
    ],
    ids=["prefixes", "UTF-16", "Latin-1", "windows-1252", "BOM", "no declaration", "comments", "CDATA"],
)
def test_the_same_facts_however_they_are_written(write, turn) -> None:
    sample = SAMPLE.but(seller="Café & Söhne £ Ltd")
    assert read_einvoice(turn(write(sample))) == read_einvoice(write(sample))


LAUGHS = b"<!DOCTYPE l [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (98 + at, b"&%c;" % (97 + at) * 10) for at in range(9)
) + b"]><l>&j;</l>"  # fmt: skip
FETCHES = b'<!DOCTYPE l SYSTEM "http://127.0.0.1:9/x.dtd"><l/>'
READS_FILES = b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l>&x;</l>'
HEAD = b'<?xml version="1.0" encoding="%s"?><l/>'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no XML that can be read"),
        (b"\x00" * 100, "no XML that can be read"),
        (b"%PDF-1.7", "no XML that can be read"),
        (b'{"invoice": 1}', "no XML that can be read"),
        (b"<a><b></a>", "no XML that can be read: mismatched tag, in line 1"),
        (b"<a>&nbsp;</a>", "no XML that can be read"),
        (b"<a:b/>", "no XML that can be read: unbound prefix"),
        (LAUGHS, "document type"),
        (FETCHES, "document type"),
        (READS_FILES, "document type"),
        (HEAD % b"UTF-7", "save it as UTF-8"),
        (HEAD % b"rot13", "save it as UTF-8"),
        (HEAD % b"no-such-letters", "save it as UTF-8"),
        (b"<a>" * 1000, "nested more than 50 deep"),
        (b"<a>" + b"<b/>" * 60_000 + b"</a>", "more than 50,000 elements"),
        (b"<a " + b" ".join(b'n%d=""' % each for each in range(80_000)) + b"/>", "a tag that is too long"),
        (b"<" + b"a" * 3_000_000, "a tag that is too long"),
        (b"<a>" + b" " * (xmltree.MOST_BYTES + 1), "8 MB is the most"),
        (b"<html/>", "no invoice that is read here (it begins with “html”)"),
        (b'<Invoice xmlns="urn:somebody"/>', "no invoice that is read here"),
    ],
)
def test_a_hostile_or_foreign_file_is_one_sentence(content: bytes, said: str) -> None:
    with pytest.raises(EInvoiceUnreadable) as refused:
        read_einvoice(content)
    words = str(refused.value)
    assert said in words and words.startswith("The file") and "\n" not in words and len(words) < 200


@BOTH
def test_a_file_inside_the_file_is_passed_over(write) -> None:
    data = b"QUJD" * 500_000
    holders = {
        Sample.ubl: b"<cac:AdditionalDocumentReference><cbc:ID>1</cbc:ID><cac:Attachment><cbc:EmbeddedDocumentBinaryObject>%s"
        b"</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>",
        Sample.cii: b"<ram:AdditionalReferencedDocument><ram:IssuerAssignedID>1</ram:IssuerAssignedID>"
        b"<ram:AttachmentBinaryObject>%s</ram:AttachmentBinaryObject></ram:AdditionalReferencedDocument>",
    }
    sample = SAMPLE.but(file=(holders[write] % data).decode())
    assert read_einvoice(write(sample)) == read_einvoice(write(SAMPLE))


@BOTH
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"currency": "EUR"}, "The file is in EUR. Invoices here are in pounds: send one in GBP"),
        ({"currency": ""}, "does not say its currency (BT-5)"),
        ({"net": "4000.005"}, "a part of a penny, 4000.005"),
        ({"net": "4,000.00"}, "“4,000.00” where a sum of money should be"),
        ({"net": "1e9999"}, "“1e9999” where a sum of money should be"),
        ({"net": "NaN"}, "where a sum of money should be"),
        ({"net": "9" * 400}, "where a sum of money should be"),
        ({"net": "99999999999999.00"}, "a sum that is too large"),
        ({"net": "٤٠٠٠"}, "where a sum of money should be"),
        ({"on": "2027-02-30"}, "where a date should be"),
        ({"on": "12 January"}, "where a date should be"),
        ({"vat": (("S", "twenty", "4000.00", "800.00"),)}, "“twenty” where a rate of VAT should be"),
    ],
)
def test_what_cannot_be_meant_is_refused(write, changes, said: str) -> None:
    with pytest.raises(EInvoiceUnreadable, match=said.replace("(", r"\(").replace(")", r"\)")):
        read_einvoice(write(SAMPLE.but(**changes)))


def test_two_currencies_are_refused_and_the_books_of_another_country_passed_over() -> None:
    mixed = SAMPLE.ubl().replace(b'<cbc:TaxInclusiveAmount currencyID="GBP">', b'<cbc:TaxInclusiveAmount currencyID="EUR">')
    with pytest.raises(EInvoiceUnreadable, match="sums in EUR and in GBP"):
        read_einvoice(mixed)
    accounting = b"<cbc:TaxCurrencyCode>EUR</cbc:TaxCurrencyCode>"
    second = b'<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">930.00</cbc:TaxAmount></cac:TaxTotal><cac:LegalMonetaryTotal>'
    both = SAMPLE.ubl().replace(b"<cac:LegalMonetaryTotal>", second)
    with pytest.raises(EInvoiceUnreadable, match="VAT more than once"):
        read_einvoice(both)
    named = both.replace(b"</cbc:DocumentCurrencyCode>", b"</cbc:DocumentCurrencyCode>" + accounting)
    assert read_einvoice(named) == read_einvoice(SAMPLE.ubl())


def test_a_fact_that_stands_twice_is_refused() -> None:
    twice = SAMPLE.ubl().replace(b"<cbc:ID>2027/14</cbc:ID>", b"<cbc:ID>2027/14</cbc:ID><cbc:ID>2027/15</cbc:ID>")
    with pytest.raises(EInvoiceUnreadable, match="says ID more than once"):
        read_einvoice(twice)


@BOTH
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"number": ""}, ["The file does not say an invoice number (BR-02)"]),
        ({"on": ""}, ["The file does not say the date of the invoice (BR-03)"]),
        ({"seller": ""}, ["The file does not say the seller’s name (BR-06)"]),
        ({"buyer": ""}, ["The file does not say the buyer’s name (BR-07)"]),
        (
            {"lines": (("Release", "3999.99"),)},
            ["The sum of the lines is £4,000 in the file, and its parts come to £3,999.99 (BR-CO-10)"],
        ),
        (
            {"vat_total": "801.00"},
            [
                "The VAT is £801 in the file, and its parts come to £800 (BR-CO-14)",
                "The total with VAT is £4,800 in the file, and its parts come to £4,801 (BR-CO-15)",
            ],
        ),
        (
            {"due_total": "4700.00"},
            ["What is to be paid is £4,700 in the file, and its parts come to £4,800 (BR-CO-16)"],
        ),
        (
            {"vat": (("S", "5", "4000.00", "800.00"),)},
            ["The file says £800 VAT on £4,000 at 5%, which comes to £200 (BR-CO-17)"],
        ),
        (
            {"vat": (("S", "20", "3000.00", "600.00"), ("Z", "0", "1000.00", "200.00"))},
            ["The file says £200 VAT on £1,000 at 0%, which comes to £0 (BR-CO-17)"],
        ),
        (
            {"vat": (("S", "20", "4000.00", "600.00"), ("S", "20", "1000.00", "200.00"))},
            [
                "The file says £600 VAT on £4,000 at 20%, which comes to £800 (BR-CO-17)",
                "The file taxes £5,000, and the sum before VAT is £4,000 (BR-S-08)",
            ],
        ),
        ({"due_total": "4700.00", "prepaid": "100"}, []),
        ({"vat_total": "800.01", "total": "4800.01", "vat": (("S", "20", "4000.00", "800.01"),)}, []),
    ],
)
def test_a_file_that_does_not_add_up_says_where(write, changes, said: list[str]) -> None:
    assert [each.message for each in einvoice_problems(read_einvoice(write(SAMPLE.but(**changes))))] == said


@BOTH
@pytest.mark.parametrize("kind", ["381", "261"])
def test_a_credit_note_is_known_as_one(write, kind: str) -> None:
    found = read_einvoice(write(SAMPLE.but(kind=kind, credits="INV-9")))
    assert found.is_credit_note and found.credits == ("INV-9",)
    assert not read_einvoice(write(SAMPLE)).is_credit_note


@BOTH
@given(data=st.data())
@settings(max_examples=80)
def test_a_mutilated_file_is_read_or_refused_in_words_and_never_worse(write, data) -> None:
    content = bytearray(write(SAMPLE))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        way = data.draw(st.sampled_from(["cut", "drop", "byte", "double", "swap"]))
        other = data.draw(st.integers(at, min(at + 300, len(content) - 1)))
        if way == "cut":
            del content[at + 1 :]
        elif way == "drop":
            del content[at : other + 1]
        elif way == "byte":
            content[at] = data.draw(st.integers(0, 255))
        elif way == "double":
            content[at:at] = content[at : other + 1]
        else:
            content[at], content[other] = content[other], content[at]
        if not content:
            break
    try:
        einvoice_problems(read_einvoice(bytes(content)))
    except EInvoiceUnreadable as refused:
        assert str(refused).startswith("The file") and "\n" not in str(refused)


words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\r"), min_size=1, max_size=40)
text = words.map(str.strip).filter(bool)
pence = st.integers(1, 10**11)


@st.composite
def ours(draw) -> EInvoice:
    """Any invoice that could have been sent by form."""
    net, vat = draw(pence), 0
    kind = draw(st.sampled_from(["S", "Z", "O"]))
    rate = {"S": Decimal(draw(st.sampled_from(["20", "5", "17.5", "16.370001"]))), "Z": Decimal(0), "O": None}[kind]
    if rate:
        vat = int(net * rate / 100)
    group = VatGroup(kind, rate, net, vat, "No VAT" if kind == "O" else "")
    due_on = draw(st.none() | st.dates(date(1900, 1, 1)))
    address = draw(st.lists(text.filter(lambda each: each == " ".join(each.split())), max_size=3))
    return EInvoice(
        number=draw(text),
        invoiced_on=draw(st.dates(date(1900, 1, 1))),
        due_on=due_on,
        terms="" if due_on else "30 days",
        purchase_order=draw(st.just("") | text.filter(lambda each: each != "NA")),
        contract=draw(text),
        seller=Party(draw(text), "\n".join(address), "GB", "GB123" if kind != "O" else "", draw(text), draw(st.just("") | text)),
        buyer=Party(draw(text), country="GB"),
        totals=Totals(net, net, net + vat, net + vat, vat),
        vat_groups=(group,),
        lines=(Line(draw(text), net, kind, rate, draw(st.just("") | text)),),
    )


@given(said=ours())
@settings(max_examples=60)
def test_what_we_write_says_the_same_when_it_is_read(said: EInvoice) -> None:
    found = read_einvoice(write_ubl(said))
    assert found == said and einvoice_problems(found) == []


def test_letters_that_xml_cannot_hold_are_replaced() -> None:
    said = read_einvoice(SAMPLE.ubl())
    found = read_einvoice(write_ubl(replace(said, number="A\x00B\ufffeC\ud800")))
    assert found.number == "A\ufffdB\ufffdC\ufffd"
