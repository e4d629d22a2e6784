"""A draft's parts, read and written under the draft key of its bid. Nobody but the bidding firm comes here."""

from __future__ import annotations

import hashlib
import io
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO, cast

from sqlalchemy import delete
from sqlalchemy.orm.attributes import set_committed_value

from marketplace import config
from marketplace.accounts.models import Person
from marketplace.core import clock, db, scanning
from marketplace.core.errors import Conflict, NotFound, Problem, Problems
from marketplace.core.failpoints import failpoint
from marketplace.core.files import CHUNK, FileStore, safe_name, upload_problems
from marketplace.core.passing import PassingFile
from tenders.bids import keys, sealed
from tenders.bids.content import Answers, BidFile, Declarations, Price, answers_to, price_of
from tenders.bids.models import Bid, DraftPart

PRICE = "price"
DECLARATIONS = "declarations"
# Sealing adds a head and a tag to every chunk; the store's limit must leave room for them.
SEALING_ROOM = 64 * 1024
UNREADABLE = "The key of this draft is gone, so it cannot be read any more. Withdraw or throw it away, and start again."


class LostEdit(Conflict):
    """A colleague saved this part in between. `theirs` is what it says now, `version` what the next save names."""

    def __init__(self, theirs: Any, version: int, saved_at: datetime) -> None:
        super().__init__("A colleague changed this while you were writing. Both texts are shown below.")
        self.theirs, self.version, self.saved_at = theirs, version, saved_at


@dataclass(frozen=True)
class Draft:
    """A draft as it reads now. `mark` changes with every save, and says nothing of the content."""

    answers: Answers
    price: Price
    mark: str


@dataclass(frozen=True)
class Saved:
    """What a slot holds: its value (None when empty), its version (0 when empty) and when it was saved."""

    value: Any = None
    version: int = 0
    saved_at: datetime | None = None


def answer_slot(question_id: int) -> str:
    return f"answer:{question_id}"


def store() -> FileStore:
    return FileStore(config.current().files_folder)


def is_drafting(bid: Bid) -> bool:
    """Whether a version is being written: nothing was submitted yet, or something of a new version is saved."""
    return bid.current_version == 0 or bool(bid.draft_parts)


def read_slot(bid: Bid, slot: str) -> Saved:
    """One part of the draft, decrypted."""
    part = _find_part(bid, slot)
    if part is None:
        return Saved()
    return Saved(_decrypted(bid, part), part.version, part.saved_at)


def read_draft(bid: Bid) -> Draft:
    """The whole draft against the need as it is asked now."""
    key = keys.draft_key(bid) if bid.draft_parts else None
    values = {each.slot: _decrypted(bid, each, key) for each in bid.draft_parts}
    texts = {int(slot.partition(":")[2]): text for slot, text in values.items() if slot.startswith("answer:")}
    prices = {int(line): pence for line, pence in values.get(PRICE, {}).items()}
    declarations = Declarations.of(values.get(DECLARATIONS, {}))
    files = [BidFile(**values[each.slot]) for each in file_parts(bid)]
    answers = answers_to(bid.need.questions, texts, declarations, files)
    return Draft(answers, price_of(bid.need.price_lines, prices), _mark(bid))


def file_parts(bid: Bid) -> list[DraftPart]:
    """The draft's files in the order in which they came in."""
    return sorted((each for each in bid.draft_parts if each.slot.startswith("file:")), key=lambda each: each.id)


def save_slot(
    bid: Bid, slot: str, value: Any, version: int | None, person: Person, at: datetime | None = None
) -> DraftPart:
    """Writes one part. Inside an action. Raises LostEdit when `version` is not the one that is saved (None: any).

    `at` is when it reached us, now when left out.
    """
    part = _find_part(bid, slot)
    if part is not None and version is not None and part.version != version:
        theirs = _decrypted(bid, part)
        if theirs != value:
            raise LostEdit(theirs, part.version, part.saved_at)
    if part is None:
        part = DraftPart(slot=slot, for_version=bid.current_version + 1, version=0)
        bid.draft_parts.append(part)
    part.ciphertext = _encrypted(bid, slot, value)
    part.version += 1
    part.saved_at = at or clock.now()
    bid.saved_at = max(bid.saved_at, part.saved_at)
    part.saved_by_id = person.id
    db.session.flush()
    return part


@dataclass(frozen=True)
class StoredUpload:
    """A file that is in the store, encrypted for the draft and sealed for the need, and not yet in a row."""

    file: BidFile
    file_key: str
    sealed_key: str
    sealed_size: int
    sealed_sha256: str
    key_mark: str  # of the draft key that it is encrypted under

    @property
    def keys(self) -> tuple[str, str]:
        return (self.file_key, self.sealed_key)


def store_upload(bid: Bid, name: str, source: BinaryIO) -> StoredUpload:
    """Checks a file and stores it twice: encrypted for the draft, sealed for the opening. Raises Problems."""
    size, start = _measure(source)
    limit = config.current().max_upload_megabytes * 1_000_000
    problems = upload_problems(name, start, size, limit)
    if problems:
        raise Problems([Problem(each.message, "file") for each in problems])
    slot, key_mark = secrets.token_hex(8), keys.draft_key_mark(bid)
    source.seek(0)
    verdict = scanning.scan(source)
    if verdict.found:
        said = f"{safe_name(name)} holds what our virus scanner knows as {verdict.found}: send a copy that is clean."
        raise Problems([Problem(said, "file")])
    source.seek(0)
    counted = _Digesting(source)
    file_key = _write("drafts", lambda out: _encrypt_file(bid, slot, cast(BinaryIO, counted), out), limit)
    digest, checked = counted.digest.hexdigest(), "clean" if verdict.is_checked else ""
    file = BidFile(slot, safe_name(name), size, digest, checked)
    failpoint("upload: encrypted, not yet sealed")
    source.seek(0)
    try:
        return StoredUpload(file, file_key, *_seal_file(bid, slot, source, limit), key_mark)
    except BaseException:
        store().remove(file_key)
        raise


class _Digesting:
    """A stream whose SHA-256 is counted as it is read, so that it need not be read once more."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self.digest = source, hashlib.sha256()

    def read(self, count: int) -> bytes:
        piece = self._source.read(count)
        self.digest.update(piece)
        return piece


def add_file(bid: Bid, upload: StoredUpload, person: Person, at: datetime | None = None) -> DraftPart:
    """Makes a stored upload part of the draft. Inside an action. Conflict when its draft was thrown away meanwhile."""
    if upload.key_mark != keys.draft_key_mark(bid):
        raise Conflict("The draft was thrown away while the file was on its way: send the file again.")
    part = save_slot(bid, f"file:{upload.file.slot}", asdict(upload.file), None, person, at)
    part.file_key, part.sealed_key = upload.keys
    part.sealed_size, part.sealed_sha256 = upload.sealed_size, upload.sealed_sha256
    db.session.flush()
    return part


def file_of(bid: Bid, slot: str) -> BidFile:
    """What is kept of one file of the draft; NotFound."""
    return BidFile(**_decrypted(bid, _file_part(bid, slot)))


def mark_checked(bid: Bid, slot: str, said: str) -> None:
    """Notes what a scanner said later. Inside an action. The draft reads as before, so its mark stays."""
    part = _file_part(bid, slot)
    part.ciphertext = _encrypted(bid, part.slot, {**_decrypted(bid, part), "checked": said})
    db.session.flush()


def open_file(bid: Bid, slot: str) -> tuple[BidFile, PassingFile]:
    """One file of the draft, ready to be read; NotFound."""
    part = _file_part(bid, slot)
    return BidFile(**_decrypted(bid, part)), decrypt_file(keys.draft_key(bid), bid, slot, part.file_key)


def _file_part(bid: Bid, slot: str) -> DraftPart:
    part = _find_part(bid, f"file:{slot}")
    if part is None:
        raise NotFound("There is no such file in this bid.")
    return part


def decrypt_file(key: sealed.KeyFile, bid: Bid, slot: str, file_key: str) -> PassingFile:
    """A file from the store, under the key that it was drafted with."""
    out = PassingFile()
    with store().path(file_key).open("rb") as source:
        sealed.decrypt_draft_file(key, source, out, bid_ref=bid.reference, part=f"file:{slot}")
    out.seek(0)
    return out


def remove_parts(bid: Bid, parts: Sequence[DraftPart]) -> None:
    """Takes parts out of the draft. Inside an action; their files go after the commit (`file_keys_of` first)."""
    gone = list(parts)
    kept = [each for each in bid.draft_parts if each not in gone]
    bid.saved_at = clock.now()
    db.session.flush()
    # One statement for all of them: submitting waits for it with the need locked.
    db.session.connection().execute(delete(DraftPart).where(DraftPart.id.in_([each.id for each in gone])))
    for each in gone:
        db.session.expunge(each)
    set_committed_value(bid, "draft_parts", kept)


def file_keys_of(parts: Iterable[DraftPart]) -> list[str]:
    """The places in the store that belong to these parts."""
    return [key for each in parts for key in (each.file_key, each.sealed_key) if key]


def forget_files(file_keys: Iterable[str]) -> None:
    """Removes files from the store; one already gone is fine."""
    for each in file_keys:
        store().remove(each)


def _find_part(bid: Bid, slot: str) -> DraftPart | None:
    return next((each for each in bid.draft_parts if each.slot == slot), None)


def _encrypted(bid: Bid, slot: str, value: Any) -> bytes:
    content = json.dumps(value, ensure_ascii=False).encode()
    return sealed.encrypt_draft(keys.draft_key(bid), content, bid_ref=bid.reference, part=slot)


def _decrypted(bid: Bid, part: DraftPart, key: sealed.KeyFile | None = None) -> Any:
    key = key or keys.draft_key(bid)
    try:
        content = sealed.decrypt_draft(key, part.ciphertext, bid_ref=bid.reference, part=part.slot)
    except sealed.SealBroken:  # after a restore without the keys folder, which backups leave out
        raise Conflict(UNREADABLE) from None
    return json.loads(content)


def _mark(bid: Bid) -> str:
    state = sorted(f"{each.slot} {each.version}" for each in bid.draft_parts)
    return hashlib.sha256("\n".join([bid.reference, str(bid.current_version), *state]).encode()).hexdigest()[:32]


def _measure(source: BinaryIO) -> tuple[int, bytes]:
    source.seek(0, io.SEEK_END)
    size = source.tell()
    source.seek(0)
    return size, source.read(16)


def _encrypt_file(bid: Bid, slot: str, source: BinaryIO, out: BinaryIO) -> None:
    sealed.encrypt_draft_file(keys.draft_key(bid), source, out, bid_ref=bid.reference, part=f"file:{slot}")


def _seal_file(bid: Bid, slot: str, source: BinaryIO, limit: int) -> tuple[str, int, str]:
    entries: list[sealed.ManifestEntry] = []
    binding = binding_of(bid, f"file:{slot}")
    assert bid.need.public_key is not None  # bidding_problems said so
    public_key = bid.need.public_key
    key = _write("sealed", lambda out: entries.append(sealed.seal_file(public_key, source, out, binding)), limit)
    return key, entries[0].size, entries[0].sha256


def binding_of(bid: Bid, part_name: str, version: int | None = None) -> sealed.Binding:
    """Where a part belongs: in the version being written, unless another is named."""
    return sealed.Binding(
        bid.need.reference, bid.reference, bid.supplier.reference, version or bid.current_version + 1, part_name
    )


def _write(area: str, fill: Any, limit: int) -> str:
    with store().writing(area, limit + SEALING_ROOM + limit // CHUNK * 16, hashes=False) as out:
        fill(out)
    return out.stored.key


def restored_values(answers: Answers, price: Price) -> Mapping[str, Any]:
    """Slot -> value of a bid that is taken up again, files apart."""
    values: dict[str, Any] = {answer_slot(each.question_id): each.text for each in answers.answers if each.text}
    values[PRICE] = {str(each.line_id): each.price_pence for each in price.lines if each.price_pence is not None}
    values[DECLARATIONS] = asdict(answers.declarations)
    return values
