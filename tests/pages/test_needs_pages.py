"""A need written, approved, changed and withdrawn on the pages, without scripts."""

from __future__ import annotations

import io
from datetime import timedelta
from types import SimpleNamespace

import pytest

from marketplace.accounts import joining
from marketplace.core import clock, db
from tenders.needs import actions, queries
from tests import bidding, making
from tests.actions.test_needs import council_people, draft, publish
from tests.pageclient import Page, PageClient


@pytest.fixture
def who(client: PageClient) -> SimpleNamespace:
    """A council; its people by e-mail, as the pages need them."""
    people = council_people()
    for name in ("officer", "approver"):
        setattr(people, f"{name}_email", getattr(people, name).person.email)
    people.names = {duty: [each.name for each in named] for duty, named in people.panel.items()}
    return people


def fill(client: PageClient, home: str, section: str, **fields: object) -> Page:
    page = client.submit(client.get(f"{home}/{section}"), "Save and continue", **fields)
    assert "saved" in " ".join(page.notices)
    return page


def add(client: PageClient, home: str, section: str, **fields: object) -> Page:
    return client.submit(client.get(f"{home}/{section}/add"), "Save", **fields)


def write_whole_need(client: PageClient, who: SimpleNamespace) -> str:
    """Fills every section on its page; gives the need's address."""
    begun = client.submit(client.get("/council/needs/new"), "Begin")
    home = begun.url
    assert begun.has("Draft") and begun.h1.endswith("New need")
    fill(client, home, "title-and-summary", title="Report a missed bin", in_short="Residents cannot report online.")
    fill(client, home, "problem", problem="Half of all reports are typed twice. " * 8)
    fill(client, home, "who-is-affected", who_is_affected="112,000 households")
    fill(client, home, "outcomes", outcomes="Nine in ten reports without a call")
    fill(client, home, "what-exists", what_exists="A waste system")
    fill(client, home, "location", location="City Hall", postcode="ln1 1yl")
    fill(client, home, "categories", capabilities=["online-forms"], cpv_codes="72212311")
    fill(client, home, "budget", estimated_value_pence="24,000", value_workings="Two people, three months")
    fill(client, home, "dates")
    add(client, home, "requirements", kind="essential", text="Experience with waste services")
    add(client, home, "requirements", kind="desirable", text="Works offline")
    add(client, home, "criteria", kind="quality", name="Quality", weight="60")
    add(client, home, "criteria", kind="price", name="Price", weight="40")
    fill(client, home, "criteria", price_formula="lowest_over_price", tie_break="The higher mark for quality wins")
    add(client, home, "bid-questions", text="How will you solve it?", word_limit="300", criterion_id="Quality")
    add(client, home, "price-lines", label="Build", quantity="1")
    fill(client, home, "law", sme_barriers="No turnover test", jurisdiction="ENG", reserved_to="none")
    fill(
        client, home, "panel",
        openers=who.names["opener"], evaluators=who.names["evaluator"],
        chair=who.names["chair"][0], award_approver=who.names["award_approver"][0],
    )  # fmt: skip
    return home


def test_a_need_is_written_and_asked_for_on_the_pages(client: PageClient, who: SimpleNamespace) -> None:
    client.act_as(who.officer_email)
    home = write_whole_need(client, who)
    check = client.get(f"{home}/check")
    assert check.has("Nothing stands in the way of approval"), check.text
    assert client.get(f"{home}/categories").field("capabilities") == ["online-forms"]
    preview = client.get(f"{home}/preview")
    for words in (
        "Report a missed bin",
        "£24,000 including VAT",
        "East Midlands",
        "Works offline",
        "300 words at most",
        "Online forms and workflow",
    ):
        assert preview.has(words)
    assert not preview.has("Two people, three months")
    asked = client.submit(check, "Ask for approval")
    assert asked.has("Waiting for approval") and "Approve and publish" not in asked.buttons
    client.act_as(who.approver_email)
    assert client.get("/council").has("Approve and publish: Report a missed bin")
    bidding.give_passphrases(who.panel["opener"])
    public = client.submit(client.get(home), "Approve and publish")
    assert public.has("Open") and public.has("Published") and "Approve and publish" not in public.buttons
    assert client.get(f"{home}/versions").has("Version 1: published")


def test_an_empty_draft_lists_what_to_do_with_links(client: PageClient, who: SimpleNamespace) -> None:
    client.act_as(who.officer_email)
    home = client.submit(client.get("/council/needs/new"), "Begin").url
    check = client.get(f"{home}/check")
    assert "Ask for approval" not in check.buttons
    section = client.follow(check, "Describe the problem")
    assert section.h1.endswith("The problem")


def test_half_a_section_is_saved_and_nonsense_keeps_what_was_typed(client: PageClient, who: SimpleNamespace) -> None:
    client.act_as(who.officer_email)
    home = client.submit(client.get("/council/needs/new"), "Begin").url
    fill(client, home, "budget", budget_note="Perhaps more next year")
    wrong = client.submit(
        client.get(f"{home}/budget"),
        "Save and continue",
        status=422,
        estimated_value_pence="a lot",
        value_workings="Guess",
    )
    assert wrong.field("estimated_value_pence") == "a lot" and wrong.field("value_workings").strip() == "Guess"
    assert "like 1,200" in wrong.errors[0]


def test_a_colleagues_save_is_shown_beside_what_was_typed(client: PageClient, who: SimpleNamespace) -> None:
    client.act_as(who.officer_email)
    home = client.submit(client.get("/council/needs/new"), "Begin").url
    mine = client.get(f"{home}/problem")
    fill(client, home, "problem", problem="The colleague's text")
    both = client.submit(mine, "Save and continue", status=409, problem="My own text")
    assert both.has("The colleague's text") and both.field("problem").strip() == "My own text"
    client.submit(both, "Save and continue", problem="Both texts")
    assert client.get(f"{home}/problem").field("problem").strip() == "Both texts"


def test_what_was_typed_survives_a_need_that_was_sent_for_approval_meanwhile(
    client: PageClient, who: SimpleNamespace
) -> None:
    need = draft(who)
    home, need_id = f"/council/needs/{need.reference}", need.id
    client.act_as(who.officer_email)
    mine, item = client.get(f"{home}/problem"), client.get(f"{home}/requirements/add")
    with client.app.app_context():
        actions.ask_approval(need_id, db.session.merge(who.officer))
    kept = client.submit(mine, "Save and continue", status=422, problem="My own text")
    assert kept.field("problem").strip() == "My own text" and "Take it back" in kept.errors[0]
    kept = client.submit(item, "Save", status=422, kind="essential", text="My own item")
    assert kept.field("text").strip() == "My own item"


def test_colleagues_who_name_the_panel_at_once_see_both(client: PageClient, who: SimpleNamespace) -> None:
    client.act_as(who.officer_email)
    home = client.submit(client.get("/council/needs/new"), "Begin").url
    mine = client.get(f"{home}/panel")
    fill(client, home, "panel", chair=who.names["chair"][0])
    both = client.submit(mine, "Save and continue", status=409, openers=who.names["opener"])
    assert both.has(f"Chairs: {who.names['chair'][0]}") and len(both.field("openers")) == 2


def test_list_items_are_moved_changed_and_removed_without_scripts(client: PageClient, who: SimpleNamespace) -> None:
    client.act_as(who.officer_email)
    home = client.submit(client.get("/council/needs/new"), "Begin").url
    for text in ("First", "Second", "Third"):
        page = add(client, home, "requirements", kind="essential", text=text)
    page = client.submit(page, "Up Third")
    assert page.text.index("First") < page.text.index("Third") < page.text.index("Second")
    page = client.submit(client.follow(page, "Change First"), "Save", text="First of all")
    assert page.has("First of all")
    page = client.submit(client.follow(page, "Remove Second"), "Remove")
    assert not page.has("Second") and page.has("First of all")


def test_documents_are_checked_kept_and_downloaded(client: PageClient, who: SimpleNamespace) -> None:
    client.act_as(who.officer_email)
    home = client.submit(client.get("/council/needs/new"), "Begin").url
    upload = client.get(f"{home}/documents/add")
    bad = client.submit(upload, "Save", status=422, title="Our data", file=(io.BytesIO(b"not a pdf"), "data.pdf"))
    assert "does not look like" in bad.errors[0]
    page = client.submit(upload, "Save", title="Our data", file=(io.BytesIO(b"a,b\n1,2\n"), "../../Our Data.csv"))
    assert page.has("Our data") and page.has("Our Data.csv")
    need = queries.get_need_by_reference(home.rsplit("/", 1)[-1])
    got = client.get(f"{home}/documents/{need.documents[0].id}/file")
    assert got.content == b"a,b\n1,2\n"
    assert 'attachment; filename="Our Data.csv"' in got.response.headers["Content-Disposition"]


def test_cpv_codes_are_found_by_words_and_checked(client: PageClient, who: SimpleNamespace) -> None:
    client.act_as(who.officer_email)
    home = client.submit(client.get("/council/needs/new"), "Begin").url
    page = client.submit(client.get(f"{home}/categories"), "Find codes", find="word processors")
    assert page.has("30111000 Word processors")
    wrong = client.submit(page, "Save and continue", status=422, cpv_codes="99999999")
    assert "99999999 is not a CPV code" in wrong.errors[0]


def test_the_approver_sends_it_back_with_a_comment(client: PageClient, who: SimpleNamespace) -> None:
    need = draft(who)
    actions.ask_approval(need.id, who.officer)
    home = f"/council/needs/{need.reference}"
    client.act_as(who.approver_email)
    empty = client.submit(client.get(f"{home}/send-back"), "Send back to the author", status=422)
    assert empty.errors == ["Enter what must change"]
    client.submit(empty, "Send back to the author", comment="Say how many people.")
    client.act_as(who.officer_email)
    assert client.get(home).has("Say how many people.")
    assert client.get("/council").has("Sent back")


def test_viewers_read_and_change_nothing(client: PageClient, who: SimpleNamespace) -> None:
    need = draft(who)
    viewer = making.member(who.council, "viewer").person.email
    home = f"/council/needs/{need.reference}"
    client.act_as(viewer)
    page = client.get(home)
    assert page.buttons == []
    client.get(f"{home}/problem", status=403)
    client.get("/council/needs/new", status=403)


def test_another_councils_need_is_not_there(client: PageClient, who: SimpleNamespace) -> None:
    reference = draft(who).reference
    client.act_as(making.officer().person.email)
    for tail in ("", "/problem", "/check", "/preview", "/amend", "/extend", "/withdraw", "/versions", "/questions"):
        client.get(f"/council/needs/{reference}{tail}", status=404)


def test_an_open_need_is_changed_through_the_same_pages(client: PageClient, who: SimpleNamespace) -> None:
    need = publish(draft(who), who)
    home, closes, title = f"/council/needs/{need.reference}", need.closes_at, need.title
    client.act_as(who.officer_email)
    assert client.get(f"{home}/problem").has("This need is published")
    amend = client.get(f"{home}/amend")
    assert amend.has("Nothing yet") and not amend.has("Price lines Changed")
    page = add(
        client,
        f"{home}/amend",
        "bid-questions",
        text="By when?",
        word_limit="100",
        criterion_id="Quality of the service",
    )
    assert page.has("By when?")
    page = client.submit(client.follow(page, "Change By when?"), "Save", text="By when will it be live?")
    amend = client.get(f"{home}/amend")
    assert amend.has("By when will it be live?") and amend.text.count("Changed") == 1
    assert "Publish the changes" not in amend.buttons
    refused = client.submit(amend, "Ask for approval", status=422, reason="Suppliers asked")
    assert "move the closing time later" in refused.errors[0]
    fill(client, f"{home}/amend", "dates", closes_at=closes + timedelta(days=7))
    assert client.get(f"{home}/amend/preview").has("By when will it be live?")
    client.submit(client.get(f"{home}/amend"), "Ask for approval", reason="Suppliers asked")
    assert client.get(f"{home}/amend/problem").has("wait for approval")
    client.act_as(who.approver_email)
    decide = client.follow(client.get("/council"), f"Approve and publish changes: {title}")
    assert decide.has("By when will it be live?") and decide.has("Suppliers asked")
    client.submit(decide, "Send back to the author", comment="Say which service.")
    client.act_as(who.officer_email)
    back = client.follow(client.get("/council"), f"Changes sent back: read the comment: {title}")
    assert back.has("Say which service.")
    client.submit(back, "Ask for approval", reason="Suppliers asked")
    client.act_as(who.approver_email)
    done = client.submit(client.get(f"{home}/amend/decide"), "Approve and publish the changes")
    assert done.h1.endswith(title)
    history = client.get(f"{home}/versions")
    assert (
        history.has("Version 2: changed")
        and history.has("Suppliers asked")
        and history.has("changed what suppliers bid")
    )


def test_dates_in_the_wrong_order_are_refused_at_their_field_and_a_weekend_is_warned_of(
    client: PageClient, who: SimpleNamespace
) -> None:
    need = draft(who)
    home, closes = f"/council/needs/{need.reference}", need.closes_at
    client.act_as(who.officer_email)
    dates = client.get(f"{home}/dates")
    wrong = client.submit(dates, "Save and continue", status=422, questions_close_at=closes + timedelta(days=1))
    assert wrong.errors == ["Questions must close before bids close"]
    saturday = closes + timedelta(days=(5 - closes.weekday()) % 7)
    later = [(saturday + timedelta(days=days)).date() for days in (10, 20, 90)]
    saved = client.submit(
        dates, "Save and continue", closes_at=saturday, award_expected_on=later[0], starts_on=later[1], ends_on=later[2]
    )
    assert saved.has("Bids close on a Saturday")


def test_what_is_no_notice_number_is_refused_with_an_example(client: PageClient, who: SimpleNamespace) -> None:
    home = f"/council/needs/{draft(who).reference}"
    client.act_as(who.officer_email)
    wrong = client.submit(
        client.get(f"{home}/central-notice"), "Save and continue", status=422,
        central_notice_number="banana", central_notice_url="ftp", ocid="xyz",
    )  # fmt: skip
    assert [each.rpartition(", like ")[2] for each in wrong.errors[::2]] == ["012345-2026", "ocds-h6vhtk-012ab3"]
    assert wrong.field("central_notice_number") == "banana"
    fill(client, home, "central-notice", central_notice_number="012345-2026", ocid="ocds-h6vhtk-012ab3")


def test_the_law_is_told_once_there_is_a_value(client: PageClient, who: SimpleNamespace) -> None:
    client.act_as(who.officer_email)
    home = client.submit(client.get("/council/needs/new"), "Begin").url
    law = client.get(f"{home}/law")
    assert law.has("Enter the value first") and not law.has("What the law asks at this value")
    assert client.get("/council").has("Finish the draft")


def test_more_time_and_withdrawal(client: PageClient, who: SimpleNamespace) -> None:
    need = publish(draft(who), who)
    home, closes = f"/council/needs/{need.reference}", need.closes_at
    client.act_as(who.officer_email)
    extend = client.get(f"{home}/extend")
    earlier = client.submit(
        extend, "Give everyone more time", status=422, closes_at=closes - timedelta(days=1), reason="Hurry"
    )
    assert "Enter a closing time after" in earlier.errors[0]
    client.submit(extend, "Give everyone more time", closes_at=closes + timedelta(days=1), reason="A power cut")
    client.submit(client.get(f"{home}/withdraw"), "Withdraw this need", reason="The budget was cut")
    page = client.get(home)
    assert page.has("Withdrawn") and page.has("The budget was cut")
    clock.set_clock(closes)
    client.get(f"{home}/extend", status=409)


def test_copying_another_councils_need(client: PageClient, who: SimpleNamespace) -> None:
    reference, buyer = publish(draft(who), who).reference, who.council.name
    other = making.officer(making.council("Testshire Council"))
    client.act_as(other.person.email)
    page = client.get(f"/council/needs/new?from={reference}")
    assert page.field("reference") == reference
    copied = client.submit(page, "Copy this need")
    assert copied.has(f"Copied from {reference} of {buyer}")
    missing = client.submit(page, "Copy this need", status=422, reference="N-2026-9999")
    assert "No published need" in missing.errors[0]


def test_the_list_filters_by_status(client: PageClient, who: SimpleNamespace) -> None:
    publish(draft(who, title="Open one"), who)
    draft(who, title="Draft one")
    client.act_as(who.officer_email)
    page = client.get("/council/needs")
    assert page.has("Open one") and page.has("Draft one")
    page = client.get("/council/needs?status=draft")
    assert page.has("Draft one") and not page.has("Open one")
    assert client.get("/council/needs?status=awarded").has("No needs are “awarded”")
    db.session.rollback()


def test_a_draft_is_discarded_after_a_question(client: PageClient, who: SimpleNamespace) -> None:
    client.act_as(who.officer_email)
    begun = client.submit(client.get("/council/needs/new"), "Begin")
    assert begun.has("Discard this draft")
    asked = client.get(f"{begun.url}/discard")
    assert asked.has("cannot be undone")
    after = client.submit(asked, "Discard the draft")
    reference = begun.url.rsplit("/", 1)[1]
    assert after.url == "/council/needs" and f"The draft {reference} is discarded" in " ".join(after.notices)
    assert reference not in client.get("/council/needs?status=draft").text
    client.get(begun.url, status=404)


def test_a_colleague_takes_over_on_the_page(client: PageClient, who: SimpleNamespace) -> None:
    need = publish(draft(who), who)
    home, row = f"/council/needs/{need.reference}", need.people_with("award_approver")[0]
    making.member(who.council, "approver", name="Sal Dean")
    gone, left, opener_id = row.person.memberships[0], row.person.name, need.people_with("opener")[0].id
    joining.end_membership(gone.id, gone.organisation_id, who.officer)
    client.act_as(who.officer_email)
    page = client.get(f"{home}/duties/{opener_id}")
    assert page.url == home and "passes on from the page of the key" in " ".join(page.notices)
    page = client.follow(client.get(home), f"Name somebody in the place of {left}")
    page = client.submit(page, "Hand the duty over", status=422)
    assert page.errors == ["Choose a colleague", "Enter why somebody else takes over"]
    done = client.submit(page, "Hand the duty over", person="Sal Dean", reason="Dev has retired.")
    assert done.has(f"Sal Dean in the place of {left} (award approver)") and done.has("Dev has retired.")
