"""An answer on its way: what the client does not take at once waits here, so that no thread waits for the client."""

from __future__ import annotations

import errno
import socket
from typing import Any

from marketplace.core.arrival import Arrival
from marketplace.core.passing import PassingFile

FLUSH_AT = 65_536
IN_MEMORY = 524_288  # bytes that wait; more wait in an encrypted file without a name


class Outgoing:
    """Stands in for the connection's socket where the server writes an answer. Nothing here ever waits."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.arrival: Arrival | None = None
        self.is_broken = False
        self._bytes = bytearray()
        self._file: PassingFile | None = None
        self._sent_of_file = 0

    def sendall(self, content: bytes) -> None:
        """Keeps the bytes, and sends what the client takes. OSError when the client has gone."""
        if self.is_broken:
            raise BrokenPipeError(errno.EPIPE, "the client has gone")
        if self._file is not None:
            self._file.seek(0, 2)
            self._file.write(content)
            return
        self._bytes += content
        if len(self._bytes) >= FLUSH_AT:
            self.flush()
            if len(self._bytes) > IN_MEMORY:
                self._into_file()

    def flush(self) -> bool:
        """Sends what the client takes now; True when nothing is left. OSError when the client has gone."""
        try:
            while True:
                if not self._bytes and not self._from_file():
                    return True
                del self._bytes[: self.connection.send(self._bytes)]
        except BlockingIOError:
            return False
        except OSError:
            self.is_broken = True
            raise

    def _into_file(self) -> None:
        self._file = PassingFile()
        self._file.write(self._bytes)
        self._bytes.clear()

    def _from_file(self) -> bool:
        if self._file is None:
            return False
        self._file.seek(self._sent_of_file)
        piece = self._file.read(FLUSH_AT)
        self._sent_of_file += len(piece)
        self._bytes += piece
        if not piece:
            self._file.close()
            self._file, self._sent_of_file = None, 0
        return bool(piece)

    def discard(self) -> None:
        """Forgets what was not sent."""
        self._bytes.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    # What else the server does with a socket while it answers. It never waits, so there is no time-out to set.

    def gettimeout(self) -> float:
        return 0.0

    def setblocking(self, _flag: Any) -> None:
        return None

    def settimeout(self, _seconds: Any) -> None:
        return None

    def shutdown(self, _how: int) -> None:
        # Asked when an answer broke off in the middle: it must not look whole, so the connection is dropped.
        self.is_broken = True
        raise OSError("The worker closes the connection.")

    def close(self) -> None:
        self.is_broken = True

    def fileno(self) -> int:
        return self.connection.fileno()
