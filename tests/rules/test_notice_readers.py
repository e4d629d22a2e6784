"""Reading other places' notices: every oddity of the true files, in made-up rows of the same shape."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenders.notices.cells import closing_of, moment_of, pence_of, regions_of
from tenders.notices.contracts_finder import UnknownFormat, suppliers_of
from tenders.notices.imported import ReadNotice, RefusedRow, Unreadable
from tenders.notices.ocds_releases import parse, read_json_document, read_release
from tenders.notices.readers import Reading, read_notices

HEADER = (
    "Notice Identifier,Notice Type,Organisation Name,Status,Published Date,Title,Description,Nationwide,Postcode,"
    "Region,Cpv Codes,Contact Name,Contact Email,Contact Address 1,Contact Address 2,Contact Town,Contact Postcode,"
    "Contact Country,Contact Telephone,Contact Website,Attachments,Links,Additional Text,Start Date,End Date,"
    "Closing Date,Is sub-contract,Parent Reference,Suitable for SME,Suitable for VCO,Supply Chain,OJEU Contract Type,"
    "Value Low,Value High,Awarded Date,Awarded Value,Supplier [Name|Address|Ref type|Ref Number|Is SME|Is VCSE],"
    "Supplier's contact name,Contract start date,Contract end date,OJEU Procedure Type,Accelerated Justification,"
    "Closing Time"
)
NAMES = HEADER.split(",")
PLAIN = {
    "Notice Identifier": "TH-114",
    "Notice Type": "Contract",
    "Organisation Name": "Thornbury Vale Council",
    "Status": "Open",
    "Published Date": "2026-07-01T09:00:00+01:00",
    "Title": "Repairs diary",
    "Description": "A diary for repairs",
    "Region": "South West",
    "Cpv Codes": "72212420 48420000 ",
    "Contact Postcode": "BS11AA",
    "Links": "see https://bids.example/114 for more",
    "Start Date": "01/09/2026",
    "End Date": "31/08/2028",
    "Closing Date": "03/08/2026",
    "Suitable for SME": "Yes",
    "Suitable for VCO": "No",
    "Value Low": "50000",
    "Value High": "80000.50",
    "Closing Time": "12:00",
}


def row(without_closing_time: bool = False, **changes: str) -> str:
    """One line of an export; keywords use underscores for spaces."""
    values = {**PLAIN, **{name.replace("_", " "): text for name, text in changes.items()}}
    cells = ['"' + values.get(name, "").replace('"', '""') + '"' for name in NAMES]
    return ",".join(cells[:-1] if without_closing_time else cells)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[ReadNotice | RefusedRow]]:
    def read_rows(*rows: str, encoding: str = "utf-8") -> list[ReadNotice | RefusedRow]:
        path = tmp_path / "export.csv"
        path.write_bytes("\r\n".join([HEADER, *rows, ""]).encode(encoding))
        return list(read_notices(path))

    return read_rows


def only(rows: list[ReadNotice | RefusedRow]) -> ReadNotice:
    (found,) = rows
    assert isinstance(found, ReadNotice), found
    return found


class TestContractsFinder:
    def test_a_plain_row(self, read: Callable[..., Any]) -> None:
        notice = only(read(row()))
        assert (notice.source, notice.reference, notice.buyer_name) == (
            "contracts-finder",
            "TH-114",
            "Thornbury Vale Council",
        )
        assert notice.published_at == datetime(2026, 7, 1, 8, tzinfo=UTC)
        assert notice.closes_at == datetime(2026, 8, 3, 11, tzinfo=UTC)
        assert notice.cpv_codes == ("72212420", "48420000")
        assert (notice.value_low_pence, notice.value_high_pence) == (50_000_00, 80_000_50)
        assert (notice.region, notice.postcode, notice.url) == ("South West", "BS1 1AA", "https://bids.example/114")
        assert (notice.starts_on, notice.ends_on) == (date(2026, 9, 1), date(2028, 8, 31))
        assert (notice.is_suitable_for_sme, notice.is_suitable_for_vcse) == (True, False)
        assert (notice.status, notice.results, notice.remarks) == ("open", (), ())

    def test_a_row_without_the_trailing_closing_time_is_read(self, read: Callable[..., Any]) -> None:
        notice = only(read(row(without_closing_time=True)))
        assert notice.closes_at == datetime(2026, 8, 3, 22, 59, 59, tzinfo=UTC)
        assert not notice.has_closing_time

    def test_a_row_that_lacks_another_field_is_refused_with_its_line_and_text(self, read: Callable[..., Any]) -> None:
        short = row().rsplit(",", 2)[0]
        first, refused, last = read(row(), short, row(Notice_Identifier="TH-115"))
        assert isinstance(refused, RefusedRow)
        assert (refused.line, refused.raw) == (3, short)
        assert "41 fields; 43" in refused.reason
        assert (first.reference, last.reference) == ("TH-114", "TH-115")

    @pytest.mark.parametrize("name", ["Notice Identifier", "Organisation Name", "Title"])
    def test_rows_without_what_every_notice_has_are_refused_by_name(self, read: Callable[..., Any], name: str) -> None:
        (refused,) = read(row(**{name: "  "}))
        assert isinstance(refused, RefusedRow)
        assert refused.reason == f"{name} is empty."

    def test_an_unreadable_publication_date_is_refused(self, read: Callable[..., Any]) -> None:
        (refused,) = read(row(Published_Date="soon"))
        assert isinstance(refused, RefusedRow)
        assert "'soon'" in refused.reason

    def test_newlines_inside_a_description_stay_and_lines_are_still_counted(self, read: Callable[..., Any]) -> None:
        notice, refused = read(row(Description="One\r\n\r\n\r\n\r\nTwo  \nThree"), row(Title=""))
        assert notice.description == "One\n\nTwo\nThree"
        assert (refused.line, refused.last_line) == (8, 8)

    def test_byte_order_mark_and_mixed_encodings(self, tmp_path: Path) -> None:
        path = tmp_path / "mixed.csv"
        path.write_bytes(
            b"\xef\xbb\xbf"
            + HEADER.encode()
            + b"\n"
            + row(Title="Café £5").encode("utf-8")
            + b"\n"
            + row(Title="Café £6").encode("iso-8859-1")
            + b"\n"
            + row(Title="Café – £7").encode("cp1252")
            + b"\n"
            + row(Title="Café £8".encode().decode("cp1252")).encode("utf-8")
            + b"\n"
            + row(Title="NUL \x00 inside").encode()
        )
        titles = [each.title for each in read_notices(path) if isinstance(each, ReadNotice)]
        assert titles == ["Café £5", "Café £6", "Café – £7", "Café £8", "NUL inside"]

    def test_utf_16(self, read: Callable[..., Any]) -> None:
        assert only(read(row(Title="Café"), encoding="utf-16")).title == "Café"

    def test_placeholder_dates_are_left_out_with_a_remark(self, read: Callable[..., Any]) -> None:
        notice = only(read(row(Closing_Date="01/01/1")))
        assert notice.closes_at is None
        assert "01/01/1" in notice.remarks[0]

    def test_iso_and_spoken_dates_stand_beside_each_other(self, read: Callable[..., Any]) -> None:
        notice = only(read(row(Published_Date="01/12/2026", Closing_Date="2027-01-11T00:00:00Z", Closing_Time="17:30")))
        assert notice.published_on == date(2026, 12, 1)
        assert notice.closes_at == datetime(2027, 1, 11, 17, 30, tzinfo=UTC)

    def test_values_that_say_nothing_or_are_turned_round(self, read: Callable[..., Any]) -> None:
        nothing, turned = read(row(Value_Low="0", Value_High=""), row(Value_Low="900", Value_High="100"))
        assert (nothing.value_low_pence, nothing.value_high_pence) == (None, None)
        assert (turned.value_low_pence, turned.value_high_pence) == (100_00, 900_00)
        assert turned.remarks

    def test_planned_closed_and_withdrawn(self, read: Callable[..., Any]) -> None:
        rows = read(row(Notice_Type="Pipeline"), row(Status="Closed"), row(Status="Withdrawn"))
        assert [each.status for each in rows] == ["planned", "closed", "cancelled"]

    def test_several_regions_and_any_region(self, read: Callable[..., Any]) -> None:
        several, anywhere = read(row(Region="London,Yorkshire and the Humber"), row(Region="Any region,London"))
        assert (several.regions, several.region) == (("London", "Yorkshire and The Humber"), "")
        assert (anywhere.regions, anywhere.region_text) == ((), "Any region,London")

    def test_an_award_with_packed_suppliers(self, read: Callable[..., Any]) -> None:
        packed = (
            "[Ash Systems Ltd|1 Mill Road\nBath|COMPANIES_HOUSE|01234567|Yes|No]"
            "[Birch [UK] | Co|Unit 5 | The Park | York|NONE||No|Yes]"
        )
        cells = {NAMES[36]: packed}
        notice = only(read(row(Status="Awarded", Awarded_Date="01/07/2026", Awarded_Value="61000", **cells)))
        (result,) = notice.results
        assert (result.awarded_on, result.value_pence) == (date(2026, 7, 1), 61_000_00)
        ash, birch = result.suppliers
        assert (ash.name, ash.scheme, ash.identifier, ash.is_sme) == ("Ash Systems Ltd", "GB-COH", "01234567", True)
        assert (birch.name, birch.scheme, birch.is_sme, birch.is_vcse) == ("Birch [UK]", "", False, True)

    def test_two_buyers_may_use_the_same_identifier(self, read: Callable[..., Any]) -> None:
        one, other = read(row(), row(Organisation_Name="Elmet Borough Council"))
        assert one.reference == other.reference
        assert one.source_id != other.source_id

    def test_a_runaway_quote_is_refused_with_its_lines_and_reading_goes_on(self, read: Callable[..., Any]) -> None:
        broken, swallowed = row()[:-1], row(Notice_Identifier="TH-115")
        first, refused, last = read(row(), broken, swallowed, row(Notice_Identifier="TH-116"))
        assert isinstance(refused, RefusedRow)
        assert (refused.line, refused.last_line) == (3, 4)
        assert refused.raw == f"{broken}\r\n{swallowed}"
        assert (first.reference, last.reference) == ("TH-114", "TH-116")

    def test_a_field_beyond_all_sense_is_refused_and_reading_goes_on(self, read: Callable[..., Any]) -> None:
        rows = read(row(Description="x" * 200_000), row())
        assert [type(each) for each in rows] == [RefusedRow, ReadNotice]
        assert rows[0].raw.startswith('"TH-114"')

    @pytest.mark.parametrize("missing", ["Description", "Status", "Suitable for SME", "Value High", "Awarded Date"])
    def test_a_row_short_of_a_middle_field_is_not_taken_for_one_without_closing_time(
        self, read: Callable[..., Any], missing: str
    ) -> None:
        award = {"Awarded Value": "70", NAMES[36]: "[A|B|NONE||No|No]"}
        cells = row(Parent_Reference="P1", **award)[1:-1].split('","')
        del cells[NAMES.index(missing)]
        (refused,) = read('"' + '","'.join(cells) + '"')
        assert isinstance(refused, RefusedRow)

    def test_a_file_of_another_kind_is_refused_in_words(self, tmp_path: Path) -> None:
        path = tmp_path / "other.csv"
        path.write_text("name,age\nA,1\n", encoding="utf-8")
        with pytest.raises(UnknownFormat, match="neither"):
            list(read_notices(path))
        path.write_text("Notice Identifier,Title\nA,1\n", encoding="utf-8")
        with pytest.raises(UnknownFormat, match="Organisation Name"):
            list(read_notices(path))
        path.write_text(" \n", encoding="utf-8")
        with pytest.raises(UnknownFormat, match="empty"):
            list(read_notices(path))


class TestContentHash:
    def test_the_same_row_elsewhere_in_another_file_has_the_same_hash(self, read: Callable[..., Any]) -> None:
        (first,) = read(row())
        _, again = read(row(Notice_Identifier="X"), row())
        assert first.line != again.line
        assert first.content_hash == again.content_hash

    def test_any_change_of_content_changes_it(self, read: Callable[..., Any]) -> None:
        changes = ({}, {"Title": "Other"}, {"Closing_Time": "13:00"}, {"Value_High": "90000"}, {"Status": "Awarded"})
        hashes = {only(read(row(**change))).content_hash for change in changes}
        assert len(hashes) == len(changes)


class TestReading:
    def test_counts_and_writes_refusals_aside(self, tmp_path: Path) -> None:
        path, aside = tmp_path / "export.csv", tmp_path / "refused.jsonl"
        path.write_text("\n".join([HEADER, row(), row(Title=""), row(Closing_Date="01/01/1")]), encoding="utf-8")
        reading = Reading(path, aside)
        assert len(list(reading)) == 2
        assert (reading.tally.rows, reading.tally.read, reading.tally.refused, reading.tally.remarked) == (3, 2, 1, 1)
        assert reading.tally.has_too_many_refused
        assert "1 x Title is empty." in reading.tally.in_words()
        (kept,) = [json.loads(line) for line in aside.read_text(encoding="utf-8").splitlines()]
        assert (kept["line"], kept["reason"]) == (3, "Title is empty.")
        assert len(list(reading)) == 2
        assert len(aside.read_text(encoding="utf-8").splitlines()) == 1


RELEASE: dict[str, Any] = {
    "ocid": "ocds-h6vhtk-0a1b2c",
    "id": "012345-2026",
    "date": "2026-05-01T10:00:00+01:00",
    "tag": ["tender"],
    "buyer": {"id": "b1", "name": "Elmet Borough Council"},
    "parties": [
        {"id": "b1", "name": "Elmet", "roles": ["buyer"], "address": {"postalCode": "ls1 1aa"}},
        {
            "id": "s1",
            "name": "Ash Systems Ltd",
            "roles": ["supplier"],
            "identifier": {"scheme": "GB-COH", "id": "01234567"},
            "details": {"scale": "sme", "vcse": False},
        },
    ],
    "tender": {
        "id": "EL-9",
        "title": "Casework system",
        "description": "For homelessness advice",
        "status": "active",
        "minValue": {"amount": 10000.1, "currency": "GBP"},
        "value": {"amount": 20000, "amountGross": 24000, "currency": "GBP"},
        "tenderPeriod": {"endDate": "2026-06-01T12:00:00+01:00"},
        "classification": {"scheme": "CPV", "id": "72000000-5"},
        "items": [
            {
                "id": "1",
                "additionalClassifications": [
                    {"scheme": "CPV", "id": "48000000"},
                    {"scheme": "UNSPSC", "id": "43230000"},
                ],
                "deliveryAddresses": [{"region": "UKE42"}, {"region": "TLF"}],
            }
        ],
        "suitability": {"sme": True, "vcse": False},
    },
}


class TestOcds:
    def test_a_tender_release(self) -> None:
        notice = read_release(RELEASE)
        assert (notice.source, notice.source_id, notice.reference) == ("find-a-tender", "ocds-h6vhtk-0a1b2c", "EL-9")
        assert (notice.value_low_pence, notice.value_high_pence) == (10_000_10, 24_000_00)
        assert notice.cpv_codes == ("72000000", "48000000")
        assert notice.regions == ("Yorkshire and The Humber", "East Midlands")
        assert (notice.postcode, notice.status) == ("LS1 1AA", "open")
        assert notice.url == "https://www.find-tender.service.gov.uk/Notice/012345-2026"
        assert notice.closes_at == datetime(2026, 6, 1, 11, tzinfo=UTC)

    def test_an_award_names_its_winners_once(self) -> None:
        named = {"id": "s1", "name": "Ash Systems Ltd"}
        awards = [
            {
                "id": "a",
                "status": "active",
                "date": "2026-07-01T00:00:00+01:00",
                "suppliers": [named, named],
                "value": {"amount": 5, "currency": "GBP"},
            },
            {"id": "b", "status": "cancelled", "suppliers": [{"id": "x", "name": "Nobody"}]},
        ]
        notice = read_release({**RELEASE, "tag": ["award"], "awards": awards})
        assert notice.status == "awarded"
        (result,) = notice.results
        assert (result.awarded_on, result.value_pence) == (date(2026, 7, 1), 500)
        (winner,) = result.suppliers
        assert (winner.scheme, winner.identifier, winner.is_sme, winner.is_vcse) == ("GB-COH", "01234567", True, False)

    @pytest.mark.parametrize(
        ("tag", "status", "ours"),
        [
            (["planning"], None, "planned"),
            (["tenderAmendment"], "active", "open"),
            (["tenderUpdate"], "cancelled", "cancelled"),
            (["tenderCancellation"], None, "cancelled"),
            (["award", "contract"], "complete", "awarded"),
            ([], "active", "open"),
        ],
    )
    def test_status(self, tag: list[str], status: str | None, ours: str) -> None:
        assert read_release({**RELEASE, "tag": tag, "tender": {**RELEASE["tender"], "status": status}}).status == ours

    def test_another_currency_is_left_out_with_a_remark(self) -> None:
        euros = {**RELEASE["tender"], "minValue": None, "value": {"amount": 5, "currency": "EUR"}}
        notice = read_release({**RELEASE, "tender": euros})
        assert notice.value_high_pence is None
        assert "EUR" in notice.remarks[0]

    @pytest.mark.parametrize("lacking", ["ocid", "date", "buyer", "tender"])
    def test_a_release_without_what_every_notice_has_is_refused(self, lacking: str) -> None:
        release = {key: value for key, value in RELEASE.items() if key not in (lacking, "parties")}
        with pytest.raises(Unreadable):
            read_release(release)

    def test_two_publications_of_the_same_words_have_one_hash(self) -> None:
        release = {**RELEASE, "ocid": "ocds-b5fd17-1"}
        assert read_release(release).content_hash == read_release({**release, "id": "other"}, line=9).content_hash

    @pytest.mark.parametrize("indent", [None, 2])
    def test_packages_records_lists_and_single_releases(self, tmp_path: Path, indent: int | None) -> None:
        path = tmp_path / "notices.json"
        shapes: list[tuple[Any, int]] = [
            (RELEASE, 1),
            ([RELEASE, RELEASE], 2),
            ({"uri": "x", "releases": [RELEASE, RELEASE]}, 2),
            ({"records": [{"ocid": "x", "compiledRelease": RELEASE, "releases": [RELEASE]}]}, 1),
            ({"records": [{"ocid": "x", "releases": [RELEASE, RELEASE]}]}, 2),
        ]
        for shape, number in shapes:
            path.write_text(json.dumps(shape, indent=indent), encoding="utf-8")
            assert [type(each) for each in read_notices(path)] == [ReadNotice] * number

    def test_json_lines_with_broken_lines_names_them(self, tmp_path: Path) -> None:
        path = tmp_path / "notices.jsonl"
        good = json.dumps(RELEASE)
        path.write_text(f"{good}\n\n{good[:50]}\n7\n{good}\n", encoding="utf-8")
        rows = list(read_notices(path))
        assert [type(each) for each in rows] == [ReadNotice, RefusedRow, RefusedRow, ReadNotice]
        assert [each.line for each in rows] == [1, 3, 4, 5]

    def test_json_lines_whose_first_line_is_cut_off(self, tmp_path: Path) -> None:
        path = tmp_path / "notices.jsonl"
        good = json.dumps(RELEASE)
        path.write_text(f"{good[:50]}\n{good}\n", encoding="utf-8")
        assert [type(each) for each in read_notices(path)] == [RefusedRow, ReadNotice]

    def test_json_nested_beyond_sense_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "deep.jsonl"
        path.write_text('{"a":' * 100_000 + "1" + "}" * 100_000, encoding="utf-8")
        assert [type(each) for each in read_notices(path)] == [RefusedRow]


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["GBP", "CPV", "NaN", "1e999999"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["tag", "parties", "buyer", "tender", "awards", "date", "ocid"]), ANYTHING)
def test_whatever_stands_in_a_release_it_is_read_or_refused(name: str, value: Any) -> None:
    (found,) = read_json_document({**RELEASE, name: value})
    assert isinstance(found, ReadNotice | RefusedRow)


@given(st.sampled_from(sorted(RELEASE["tender"])), ANYTHING)
def test_whatever_stands_in_a_tender_it_is_read_or_refused(name: str, value: Any) -> None:
    (found,) = read_json_document({**RELEASE, "tender": {**RELEASE["tender"], name: value}})
    assert isinstance(found, ReadNotice | RefusedRow)


@given(st.text())
def test_supplier_cells_never_break(packed: str) -> None:
    assert all(each.name for each in suppliers_of(packed))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("31/02/2026", None),
        ("2026-03-29", datetime(2026, 3, 29, tzinfo=UTC)),
        ("29/03/2026 12:00", datetime(2026, 3, 29, 11, tzinfo=UTC)),
        ("2026-06-01T12:00:00", datetime(2026, 6, 1, 11, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        (None, None),
    ],
)
def test_moments(text: str | None, found: datetime | None) -> None:
    assert moment_of(text) == found


def test_closing_time_nonsense_falls_back_to_the_days_end() -> None:
    assert closing_of("03/08/2026", "25:00") == (datetime(2026, 8, 3, 22, 59, 59, tzinfo=UTC), False)


@pytest.mark.parametrize(
    ("text", "pence"),
    [("£1,200.50", 120_050), (0, None), ("-5", None), ("NaN", None), ("1e999999", None), ("", None), ("0.005", None)],
)
def test_pence(text: object, pence: int | None) -> None:
    assert pence_of(text) == pence


def test_regions_of_names_and_codes() -> None:
    assert regions_of(["England", "UKM82", "north  west", "UKZ1", "UK"]) == ("Scotland", "North West")


def test_half_a_surrogate_pair_becomes_text_that_can_be_kept() -> None:
    found = parse(r'{"a\ud800": ["x\udfffy", {"b": "\ud83d\ude00"}], "n": 1}')
    assert found == {"a?": ["x?y", {"b": "\U0001f600"}], "n": 1}
