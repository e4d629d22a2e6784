"""Imports look down only. When this fails it says who looked up at whom."""

from __future__ import annotations

from tests.house.walking import imports_of, sources

FLOORS: tuple[tuple[str, ...], ...] = (
    ("marketplace.config",),
    ("marketplace.reference", "marketplace.demo_data"),
    ("marketplace.core",),
    ("marketplace.edge",),
    ("marketplace.accounts",),
    ("suppliers.profiles",),
    ("suppliers.solutions", "suppliers.evidence"),
    ("suppliers",),
    ("tenders.regimes",),
    ("tenders.needs",),
    ("tenders.outages",),
    ("tenders.traces",),
    ("tenders.clarifications",),
    ("tenders.bids",),
    ("tenders.assessment",),
    ("tenders.awards",),
    ("tenders.contracts",),
    ("tenders.payments.ledger",),
    ("tenders.payments.gateway",),
    ("tenders.payments.einvoices",),
    ("tenders.payments.invoices",),
    ("tenders.payments.paying",),
    ("tenders.payments.subscriptions",),
    ("tenders.payments",),
    ("tenders.notices",),
    ("search",),
    ("marketplace.transparency",),
    ("marketplace.public", "marketplace.auditors", "marketplace.admin"),
    ("marketplace.tables", "marketplace.navigation"),
    ("marketplace.upgrade", "marketplace.backup", "marketplace.following", "marketplace.starting"),
    ("marketplace.listeners", "marketplace.timetable"),
    ("marketplace.worker",),
    ("marketplace.app", "marketplace.demo", "marketplace.demonstration", "marketplace.serving", "marketplace.web", "marketplace.web_parent"),
    ("marketplace.cli",),
)
# Read or run by themselves: a build step, and tables that merely list modules by name.
OUTSIDE = {"marketplace", "marketplace.assets", "tenders"}
# Programs to take away: they import nothing of ours.
ALONE = "marketplace.transparency.offline."


def floor_of(name: str) -> int | None:
    """The floor with the longest matching prefix."""
    matches = [
        (len(prefix), number)
        for number, floor in enumerate(FLOORS)
        for prefix in floor
        if name == prefix or name.startswith(prefix + ".")
    ]
    return max(matches)[1] if matches else None


def test_every_module_stands_on_a_floor() -> None:
    homeless = [name for name in sources() if floor_of(name) is None and name not in OUTSIDE]
    assert not homeless, f"Give these a floor in FLOORS: {homeless}"


def test_imports_look_down_only() -> None:
    looking_up = []
    for name, path in sources().items():
        own = floor_of(name)
        if own is None:
            continue
        for imported, line in imports_of(path):
            other = floor_of(imported)
            if other is not None and other > own:
                looking_up.append(f"{name}:{line} looks up at {imported}")
    assert not looking_up, "\n".join(looking_up)


def test_the_top_package_imports_nothing() -> None:
    assert not list(imports_of(sources()["marketplace"]))


def test_programs_to_take_away_import_nothing_of_ours() -> None:
    ours = {name.partition(".")[0] for name in sources()}
    alone = [(name, path) for name, path in sources().items() if name.startswith(ALONE)]
    assert alone
    leaning = [
        f"{name}:{line}" for name, path in alone for each, line in imports_of(path) if each.partition(".")[0] in ours
    ]
    assert not leaning, leaning


def test_the_watch_can_fail() -> None:
    below, above = floor_of("tenders.needs.rules"), floor_of("tenders.awards.actions")
    assert below is not None and above is not None and below < above
