"""What of the opening waits for a member of a council, and where a need's page leads to it."""

from __future__ import annotations

from marketplace.accounts.access import has_permission
from marketplace.accounts.models import Membership
from marketplace.core import clock
from tenders.bids import handing_over, holding, keys, opener_keys, opening, queries, recovery, rules
from tenders.needs.dashboard import DRAFT_PANELS, PLACE_SOURCES, TASK_SOURCES, Panel, Place, Task
from tenders.needs.models import Need
from tenders.outages.queries import waiting_problems


def opening_tasks(member: Membership) -> list[Task]:
    """Openings that this member is named for and that can happen now."""
    if not has_permission("open_bids", member):
        return []
    now, found = clock.now(), []
    for need in queries.needs_to_open(member.person_id, member.organisation_id):
        if rules.opening_problems(need, queries.duties_on(need, member.person_id), now, waiting_problems(need)):
            continue
        begun = queries.find_opening(need)
        if begun is not None and opening.is_waiting(begun):
            if begun.first_opener_id == member.person_id:
                continue
            task = Task("Complete the opening of bids", _address(need), need.title, begun.expires_at)
        else:
            task = Task("Open the bids", _address(need), need.title, need.closes_at, "Since")
        found.append(task)
    return found


def passphrase_tasks(member: Membership) -> list[Task]:
    """The opening passphrase that this member has not set, for the first need that waits for it."""
    if not has_permission("open_bids", member):
        return []
    needs = queries.needs_naming_opener(member.person_id, member.organisation_id)
    if not needs or opener_keys.find_key(member.person_id) is not None:
        return []
    title = "Set your opening passphrase: you are named to open bids"
    return [Task(title, "/account/opening-passphrase", needs[0].title or needs[0].reference)]


def recovery_tasks(member: Membership) -> list[Task]:
    """What of the recovery key waits for this member: to confirm it, to approve its use, to bring its file."""
    found = []
    key = recovery.find_unretired(member.organisation_id) if has_permission("keep_recovery_key", member) else None
    if key is not None and key.confirmed_at is None and key.made_by_id != member.person_id:
        found.append(Task("Confirm that the recovery key is stored", "/council/recovery-key"))
    for asked in handing_over.under_way_at(member.organisation_id):
        page = f"/council/needs/{asked.need.reference}/key"
        about, due = asked.need.title, asked.need.closes_at
        if has_permission("replace_duty_holder", member) and not handing_over.approval_problems(asked, member.person_id):
            found.append(Task("Approve the use of the recovery key", page, about, due, "Before"))
        if key is not None and not handing_over.use_problems(asked, member):
            found.append(Task("Bring the recovery file", f"{page}/recovery", about, due, "Before"))
    return found


def openers_panel(need: Need, member: Membership) -> Panel:
    """Beside a need that is written: which of its openers have set a passphrase."""
    holders = holding.holders_of(need)
    text = " ".join(f"{each.person.name} {each.words}." for each in holders) or "Nobody is named yet."
    if any(each.state == "unset" for each in holders):
        text += " The need can be published when all of them have. They are asked by email and on their own pages."
    if keys.find_recovery_key(need.authority_id) is None:
        text += (
            " Your council has no recovery key: if too few openers can use their passphrases later, nobody can open the "
            "bids."
        )
        if has_permission("keep_recovery_key", member):
            return Panel("Who will open the bids", text, link="Make a recovery key", href="/council/recovery-key")
    return Panel("Who will open the bids", text)


def opening_places(need: Need, member: Membership) -> list[Place]:
    """The opening's page, once the need is published."""
    if need.published_at is None or need.withdrawn_at is not None or not has_permission("open_bids", member):
        return []
    if queries.is_opened(need):
        return [Place("Opening of the bids", _address(need), status="Opened", is_done=True)]
    if rules.is_in_time(need, clock.now()):
        return [
            Place("Opening of the bids", hint="After bidding closes, by two of the openers", status="Not yet"),
            _key_place(need),
        ]
    return [
        Place("Opening of the bids", _address(need), hint="Two of the openers open all bids together"),
        _key_place(need),
    ]


def _key_place(need: Need) -> Place:
    able = sum(each.can_open for each in holding.holders_of(need))
    hint = f"{able} openers hold a share that they can use; {need.openers_needed} are needed"
    enough = able >= need.openers_needed
    href = f"/council/needs/{need.reference}/key"
    return Place("Who holds the key", href, hint=hint, status="In order" if enough else "Too few", is_done=enough)


def _address(need: Need) -> str:
    return f"/council/needs/{need.reference}/opening"


TASK_SOURCES += [opening_tasks, passphrase_tasks, recovery_tasks]
DRAFT_PANELS.append(openers_panel)
PLACE_SOURCES.append(opening_places)
