"""What happens to bids. Until the opening no line names a bidder, and nobody else reads those in WITHHELD."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class BidStarted(Event):
    """A supplier began to write a bid."""


@dataclass(frozen=True, kw_only=True)
class BidDraftSaved(Event):
    """A part of a draft was saved: which kind of part, never what it says."""

    part: str
    was_removed: bool = False


@dataclass(frozen=True, kw_only=True)
class FileUploadBegun(Event):
    """A file of a draft is on its way, in pieces; when it is whole, the draft is saved with it."""


@dataclass(frozen=True, kw_only=True)
class FileUploadGivenUp(Event):
    """A file on its way was removed before it was whole, by its sender or because it cannot be used."""


@dataclass(frozen=True, kw_only=True)
class BidDraftRestored(Event):
    """The bidder took up its own copy of a submitted version to change it."""

    version: int


@dataclass(frozen=True, kw_only=True)
class BidSubmitted(Event):
    """A version of a bid came in, in time, and was sealed."""

    version: int
    received_at: datetime
    manifest_hash: str


@dataclass(frozen=True, kw_only=True)
class DraftTakenAsBid(Event):
    """A complete draft that nobody had submitted counts as it was last saved: the council had said so."""

    version: int
    received_at: datetime
    manifest_hash: str


@dataclass(frozen=True, kw_only=True)
class DraftNotTaken(Event):
    """A draft that would have counted cannot be read any more: its key is gone."""


@dataclass(frozen=True, kw_only=True)
class DraftWaits(Event):
    """Bidding closes within a day, and a draft was not submitted: its firm is reminded."""

    closes_at: datetime


@dataclass(frozen=True, kw_only=True)
class DraftFilesChecked(Event):
    """A virus scanner looked at files of a draft that came in while none answered; it knows something in `found`."""

    files: int
    found: int


@dataclass(frozen=True, kw_only=True)
class RegisterClosed(Event):
    """The register of what was received is closed; `root` is the root over its receipts."""

    closes_at: datetime
    root: str


@dataclass(frozen=True, kw_only=True)
class BidWithdrawn(Event):
    """The bidder withdrew its bid before the closing instant."""

    version: int
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class BidRefusedLate(Event):
    """A submission, withdrawal or file reached us after the closing instant; its content was not kept."""

    kind: str
    received_at: datetime
    closed_at: datetime


@dataclass(frozen=True, kw_only=True)
class OpeningBegun(Event):
    """The first opener gave its share, which waits for the second until `expires_at`."""

    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class BidsOpened(Event):
    """All bids of a need were opened in one act: reference, supplier, time of receipt and manifest hash of each."""

    count: int
    bids: list[dict[str, Any]] = field(default_factory=list)
    # Lines from before it was told have none.
    opened_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PricesReleased(Event):
    """Quality was agreed, so the prices of all bids became readable."""

    count: int


@dataclass(frozen=True, kw_only=True)
class OpeningRefused(Event):
    """Somebody tried to take part in an opening, or to hand a share over, and was refused: why, a word of `opening.WHY`."""

    why: str


@dataclass(frozen=True, kw_only=True)
class OpenerKeyMade(Event):
    """An opener set a passphrase: the public half's SHA-256, and how many shares moved to it from key files."""

    fingerprint: str
    moved: int


@dataclass(frozen=True, kw_only=True)
class OpenerPassphraseChanged(Event):
    """An opener chose another passphrase; the key pair stayed."""

    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class OpenerKeyReplaced(Event):
    """An opener lost the passphrase and made a new pair: the needs whose shares are lost with the old one."""

    fingerprint: str
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class RecoveryKeyMade(Event):
    """A council's recovery key was made; it counts when a second person has confirmed that it was stored."""

    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class RecoveryKeyConfirmed(Event):
    """A second person showed the stored file of the recovery key."""

    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class RecoveryKeyRetired(Event):
    """A recovery key is given up: the needs whose recovery shares went with it."""

    fingerprint: str
    needs: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ShareHandedOver(Event):
    """An opener gave the share to a successor; both by pseudonym."""

    giver: str
    receiver: str


@dataclass(frozen=True, kw_only=True)
class ShareRecoveryAsked(Event):
    """The recovery share was asked for, in place of a lost one."""

    loser: str
    receiver: str


@dataclass(frozen=True, kw_only=True)
class ShareRecoveryApproved(Event):
    """A second person approved the use of the recovery key."""

    loser: str
    receiver: str


@dataclass(frozen=True, kw_only=True)
class ShareRecoveryRefused(Event):
    """The use of the recovery key was refused, or the asking taken back."""

    loser: str
    receiver: str


@dataclass(frozen=True, kw_only=True)
class ShareRecovered(Event):
    """Whoever holds the recovery file gave the recovery share to an opener, after another person's approval."""

    loser: str
    receiver: str
    approved_by: str


# Even the number of these lines would tell how many bid. Nobody outside the bidding firm reads them before the opening.
WITHHELD = frozenset(
    {
        "FileUploadBegun", "FileUploadGivenUp", "BidStarted", "BidDraftSaved", "BidDraftRestored", "BidSubmitted",
        "DraftTakenAsBid", "DraftWaits", "DraftFilesChecked", "DraftNotTaken", "BidWithdrawn", "BidRefusedLate", "TraceKept",
    }
)  # fmt: skip
