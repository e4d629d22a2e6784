"""What a trace keeps of an error message: the message, never what it quotes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenders.traces.noting import subject_of
from tenders.traces.telling import LONGEST, without_what_was_sent


@pytest.mark.parametrize(
    ("told", "sent", "kept"),
    [
        (["Enter a price for “Build”"], [], "Enter a price for …"),
        (["plan of attack.pdf is larger than 20 MB"], [], "plan of … is larger than 20 MB"),
        (["plan of attack.pdf is larger than 20 MB"], ["plan of attack.pdf"], "… is larger than 20 MB"),
        (["Write to ann@example.org about it"], [], "Write to … about it"),
        (["You typed many pounds. Enter pounds"], ["many pounds"], "You typed …. Enter pounds"),
        (["One\r\nSet-Cookie: x", "two\u2028three\u202e"], [], "One Set-Cookie: x two three"),
        (["Bidding closed at noon on Wednesday 25 November 2026, so this bid can no longer be changed."], ["x" * 20],
         "Bidding closed at noon on Wednesday 25 November 2026, so this bid can no longer be changed."),
        (["The answer is too long: take out 5 words."], ["a", "is"], "The answer is too long: take out 5 words."),
    ],
)  # fmt: skip
def test_what_is_kept(told: list[str], sent: list[str], kept: str) -> None:
    assert without_what_was_sent(told, sent) == kept


@given(st.text(min_size=3).filter(lambda each: len(each.strip()) >= 3 and "…" not in each), st.text(), st.text())
def test_nothing_that_was_sent_stays_and_it_is_one_line(secret: str, before: str, after: str) -> None:
    kept = without_what_was_sent([before + secret.strip() + after], [secret])
    assert secret.strip() in before + "…" + after or secret.strip() not in kept
    assert len(kept) <= LONGEST and not set("\r\n\x00\x1b\u2028") & set(kept)


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("/supplier/bids/B-2026-7kxq-3fhd", "B-2026-7kxq-3fhd"),
        ("/supplier/bids/B-2026-7kxq-3fhd/answers/12", "B-2026-7kxq-3fhd"),
        ("/supplier/bids/B-2026-7kxq-3fhd/no/such/page", "B-2026-7kxq-3fhd"),
        ("/supplier/bids/B-2026-7kxq-3fhd/\r\nX: y", "B-2026-7kxq-3fhd"),
        ("/needs/N-2026-0042/bid", "N-2026-0042"),
        ("/supplier/bids", ""),
        ("/supplier/bids/B-2026-7kxq-3fhd\r\nX: y", ""),
        ("/supplier/bids/CANARY", ""),
        ("/needs/N-2026-0042", ""),
        ("/needs/N-2026-0042\n/bid", ""),
        ("/", ""),
    ],
)
def test_which_requests_are_about_a_bid(path: str, subject: str) -> None:
    assert subject_of(path) == subject
