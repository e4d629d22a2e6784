"""A connection's bytes, cut into whole requests, each with the instant at which its last byte came."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from marketplace.core.passing import PassingFile
from marketplace.edge.limits import ALWAYS_TAKEN, MEMORY, BodyFile, NoRoomLeft, Room, Share
from marketplace.edge.stamps import Received

LONGEST_HEAD = 65_536
IN_MEMORY = 524_288  # bytes of a body; a longer one waits in an encrypted file without a name
PIECE = 65_536
END_OF_HEAD = b"\r\n\r\n"
LONGEST_NUMBER = 18  # digits of a Content-Length; more is no length of anything


@dataclass(frozen=True)
class Request:
    """A request, or as much of it as will be read: `is_cut` when its body is longer than we take."""

    head: bytes
    body: PassingFile | bytes
    at: datetime
    by_kernel: bool
    is_cut: bool = False
    in_memory: Share | None = None  # what it takes there

    def pieces(self) -> Iterator[bytes]:
        """Head and body, in order."""
        if isinstance(self.body, bytes):
            yield self.head + self.body
            return
        yield self.head
        while piece := self.body.read(PIECE):
            yield piece

    def close(self) -> None:
        """Lets go of the body's file, and of its memory."""
        if self.in_memory is not None:
            self.in_memory.close()
        if not isinstance(self.body, bytes):
            self.body.close()


@dataclass(frozen=True)
class Head:
    """What a request's head says of its body."""

    end: int
    length: int
    expects_continue: bool
    is_chunked: bool


class CannotRead(Exception):
    """What came is no request that we read; `status` answers it, after which the connection is closed."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Incoming:
    """Takes what comes and gives out whole requests. `longest` is the largest body (bytes) that is waited for.

    A body that waits on disk takes of `room`; what waits in memory, of `memory`.
    """

    def __init__(self, longest: int, room: Room | None = None, memory: Room | None = None) -> None:
        self.longest = longest
        self._room, self._memory = room or Room(), memory or Room(MEMORY)
        self._in_memory = Share(self._memory)
        self._bytes = bytearray()
        self._taken = 0  # bytes of the connection that were given out, so that marks can count from its beginning
        self._marks: deque[tuple[int, datetime, bool]] = deque()
        self._head: Head | None = None
        self._searched = 0
        self._file: PassingFile | None = None
        self._missing = 0  # bytes of the body that the file still lacks
        self._told_to_continue = False

    def __len__(self) -> int:
        """Bytes that wait in memory."""
        return len(self._bytes)

    @property
    def has_begun(self) -> bool:
        """Whether part of a request is here."""
        return bool(self._bytes) or self._file is not None

    @property
    def has_head(self) -> bool:
        """Whether what is still to come belongs to a body."""
        return self._head is not None

    @property
    def here(self) -> int:
        """Bytes that are here of a request that is not whole."""
        on_disk = self._head.length - self._missing if self._head is not None and self._file is not None else 0
        return on_disk + len(self._bytes)

    def add(self, received: Received) -> None:
        """Keeps what came. Raises CannotRead when there is no room left for it, NoRoom when the disk is full."""
        content, at, by_kernel = received
        if self._file is None:
            self._bytes += content
            self._marks.append((self._taken + len(self._bytes), at, by_kernel))
            return
        own, next_ones = content[: self._missing], content[self._missing :]
        try:
            self._file.write(own)
        except NoRoomLeft:
            raise CannotRead("503 Service Unavailable") from None
        self._missing -= len(own)
        self._taken += len(own)
        self._marks.clear()
        self._marks.append((self._taken + len(next_ones), at, by_kernel))
        self._bytes += next_ones

    def take(self) -> Request | None:
        """The next whole request, or None when more of it must come. Raises CannotRead.

        Here what waits in memory is counted, and not as it comes: only now can a refusal be said, for no other request
        of the connection is being answered.
        """
        try:
            self._in_memory.set(_counted(len(self._bytes)))
            found = self._take()
            self._in_memory.set(_counted(len(self._bytes)))  # never more than before
        except NoRoomLeft:
            raise CannotRead("503 Service Unavailable") from None
        if found is None and self._marks:
            # All that is here belongs to a request whose last byte is still to come.
            self._marks = deque([self._marks[-1]])
        return found

    def _take(self) -> Request | None:
        head = self._head or self._read_head()
        if head is None:
            return None
        if head.length > self.longest:
            return self._cut(head)
        if self._file is None and head.length > IN_MEMORY:
            self._begin_file(head)
        if self._file is not None:
            return None if self._missing else self._give(self._file_head, self._rewound(self._file))
        if len(self._bytes) < head.end + head.length:
            return None
        whole = bytes(self._bytes[: head.end + head.length])
        del self._bytes[: len(whole)]
        self._taken += len(whole)
        self._in_memory.set(_counted(len(self._bytes)))
        held = Share(self._memory)
        held.set(_counted(len(whole)))
        return self._give(whole[: head.end], whole[head.end :], in_memory=held)

    def left(self) -> tuple[str, datetime, int, int] | None:
        """Of a request that is not whole: its first line, when the last of it came, and how much of its body is here.

        None when nothing is here. The lengths are in bytes: what came, and what the head says should.
        """
        if not self.has_begun or not self._marks:
            return None
        head = self._file_head if self._file is not None else bytes(self._bytes[:2_002])
        line = head.lstrip(b"\r\n").split(b"\r\n", 1)[0][:2_000].decode("latin-1")
        expected = self._head.length if self._head else 0
        here = expected - self._missing if self._file is not None else len(self._bytes) - self._head.end if self._head else 0
        return line, self._marks[-1][1], here, expected

    def owes_continue(self) -> bool:
        """True once for a request whose sender waits for "100 Continue" before it sends the body."""
        owes = self._head is not None and self._head.expects_continue and not self._told_to_continue
        self._told_to_continue = self._told_to_continue or owes
        return owes

    def close(self) -> None:
        """Lets go of the file, or the memory, of a request that will not be whole."""
        self._bytes.clear()
        self._in_memory.close()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read_head(self) -> Head | None:
        # One empty line before a request is passed over (RFC 9112, section 2.2).
        start = 2 if self._bytes[:2] == b"\r\n" else 0
        found = self._bytes.find(END_OF_HEAD, max(start, self._searched - len(END_OF_HEAD)))
        self._searched = len(self._bytes)
        if found < 0:
            if len(self._bytes) > LONGEST_HEAD:
                raise CannotRead("431 Request Header Fields Too Large")
            return None
        self._head = read_head(bytes(self._bytes[: found + len(END_OF_HEAD)]))
        if self._head.is_chunked:
            raise CannotRead("411 Length Required")
        return self._head

    def _begin_file(self, head: Head) -> None:
        self._file = BodyFile(self._room, self._memory)
        self._file_head = bytes(self._bytes[: head.end])
        held = bytes(self._bytes)
        self._bytes.clear()
        self._taken += head.end
        self._missing = head.length
        at, by_kernel = self._last_mark(self._taken - head.end + len(held))
        self.add(Received(held[head.end :], at, by_kernel))

    def _rewound(self, file: PassingFile) -> PassingFile:
        file.seek(0)
        self._file = None
        return file

    def _cut(self, head: Head) -> Request:
        whole = bytes(self._bytes[: head.end])
        self._taken += len(self._bytes)
        self._bytes.clear()
        return self._give(whole, b"", is_cut=True)

    def _give(
        self, head: bytes, body: PassingFile | bytes, is_cut: bool = False, in_memory: Share | None = None
    ) -> Request:
        at, by_kernel = self._last_mark(self._taken)
        self._head, self._searched, self._told_to_continue = None, 0, False
        return Request(head, body, at, by_kernel, is_cut, in_memory)

    def _last_mark(self, end: int) -> tuple[datetime, bool]:
        """When the byte before `end` came; marks of earlier bytes are dropped."""
        while self._marks[0][0] < end:
            self._marks.popleft()
        return self._marks[0][1:]


def _counted(here: int) -> int:
    """Of the bytes of a connection that wait in memory, those that are taken of the room."""
    return max(0, here - ALWAYS_TAKEN)


def read_head(head: bytes) -> Head:
    """What the head says of the body. Raises CannotRead where the server's parser might read another length than we."""
    lengths, expects_continue, is_chunked = [], False, False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip(b" \t")
        if name == b"content-length":
            lengths.append(_length(value))
        elif name == b"expect":
            expects_continue = value.lower() == b"100-continue"
        elif name == b"transfer-encoding":
            is_chunked = True
    if len(lengths) > 1:
        raise CannotRead("400 Bad Request")
    return Head(len(head), lengths[0] if lengths else 0, expects_continue, is_chunked)


def _length(value: bytes) -> int:
    if not value.isdigit() or len(value) > LONGEST_NUMBER:  # of bytes, isdigit() knows those of ASCII only
        raise CannotRead("400 Bad Request")
    return int(value)
