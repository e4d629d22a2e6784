"""One door each for every outside thing and every secret."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.walking import ROOT, imports_of, sources, tree

ONE_DOOR: dict[str, tuple[str, ...]] = {
    "whoosh": ("search.",),
    "stripe": ("tenders.payments.gateway.door",),
    "smtplib": ("marketplace.core.carriers",),
    # A bid passes through encrypted temporary files only; the others hold what anybody may read, or exports.
    "tempfile": ("marketplace.core.passing", "marketplace.assets", "marketplace.auditors.actions",
                 "marketplace.public.open_data_routes", "search.evaluation_run"),
    "cryptography": ("tenders.bids.sealed", "tenders.bids.sealing.", "marketplace.core.passing",
                     "marketplace.transparency.notes", "marketplace.transparency.offline."),
    "argon2": ("marketplace.accounts.passwords", "tenders.bids.sealing."),
}


@pytest.mark.parametrize("library", sorted(ONE_DOOR))
def test_only_its_door_imports_it(library: str) -> None:
    doors = ONE_DOOR[library]
    strangers = [
        f"{name}:{line}"
        for name, path in sources().items()
        for imported, line in imports_of(path)
        if imported.split(".")[0] == library and not name.startswith(doors)
    ]
    assert not strangers, f"{library} belongs behind {doors}: {strangers}"


def test_nobody_but_the_clock_asks_the_machine_for_the_time() -> None:
    asking = re.compile(r"datetime\.(utc)?now\(|date\.today\(|time\.time\(|func\.now\(|CURRENT_TIMESTAMP")
    found = [
        name
        for name, path in sources().items()
        if name != "marketplace.core.clock" and asking.search(path.read_text(encoding="utf-8"))
    ]
    assert not found, f"Take the time from marketplace.core.clock: {found}"


def test_sealed_content_is_read_only_in_the_bids_room() -> None:
    secret = {"SealedPart", "DraftPart", "OpenedPart"}
    strangers = [
        f"{name}:{line}"
        for name, path in sources().items()
        for imported, line in imports_of(path)
        if imported.split(".")[-1] in secret and not name.startswith("tenders.bids")
    ]
    assert not strangers, f"Bid content is read through tenders.bids alone: {strangers}"


def test_sql_is_never_put_together_from_pieces() -> None:
    offenders = []
    for name, path in sources().items():
        if name == "marketplace.backup":  # names of our own tables only, from the metadata
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "text":
                if node.args and not isinstance(node.args[0], ast.Constant):
                    offenders.append(f"{name}:{node.lineno}")
    assert not offenders, f"text() takes constant SQL with bound parameters: {offenders}"


def test_no_template_trusts_text_as_html() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "templates").rglob("*.html")
        if re.search(r"\|\s*safe\b|autoescape false", path.read_text(encoding="utf-8"))
    ]
    assert not found, f"Mark nothing safe; build HTML in macros: {found}"


def test_no_page_carries_script_or_style_inline() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "templates").rglob("*.html")
        if re.search(
            r"<script(?![^>]*\bsrc=)|<style|\sstyle=\"|\son(click|change|submit)=", path.read_text(encoding="utf-8")
        )
    ]
    assert not found, f"The content security policy forbids it: {found}"
