"""One conversation on the agent's side: events to the asker, parts of a bundle from it.

Every frame from the agent is a JSON object with one name: `alive`, `progress`, `item`, `need`, `answer`, `failure`; raw
frames between them are pieces of a file. While a handler works, an `alive` frame goes out every few seconds, so that
the other side can tell a long work from a dead agent. Sending is locked; receiving happens in one thread only.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.link.bundle import Need, Part, SentRow, read_row
from sealgate.link.codec import from_json, to_json
from sealgate.link.framing import BrokenFrame, Frame, PeerGone, Raw, encode, pieces, receive, send_encoded
from sealgate.link.messages import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.link.messages import Asker

LARGEST_CHUNK = 64 * 1024 * 1024
ALIVE_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of the socket, as the kernel tells (SO_PEERCRED of unix(7))."""

    pid: int
    uid: int
    gid: int


class Conversation:
    """What a handler uses to speak with the asker."""

    def __init__(self, connection: socket.socket, peer: Peer, asker: Asker) -> None:
        self.peer = peer
        self.asker = asker
        self._connection = connection
        self._sending = threading.Lock()
        self._broken = False

    def send(self, frame: Frame) -> None:
        """Send a frame; ValueError if it is larger than the bound, and then nothing of it was sent."""
        data = encode(frame)
        with self._sending:
            if self._broken:
                raise PeerGone("The other side closed the connection.")
            self._broken = True  # after half a frame nothing more may follow
            send_encoded(self._connection, data)
            self._broken = False

    def progress(self, text: str, done: int = 0, total: int = 0) -> None:
        """Say how far the work is; one who does not listen any more does not stop it."""
        with contextlib.suppress(PeerGone, OSError):
            self.send({"progress": to_json(Progress(text, done, total))})

    def item(self, value: Any) -> None:
        """Send one of many values."""
        self.send({"item": to_json(value)})

    def content(self, data: bytes) -> None:
        """Send a piece of a file's content."""
        for piece in pieces(data):
            self.send(Raw(piece))

    def gone(self) -> bool:
        """Tell whether the asker closed the connection (for works without an end, such as following a log)."""
        try:
            readable, _, _ = select.select([self._connection], [], [], 0)
            return bool(readable) and self._connection.recv(1, socket.MSG_PEEK) == b""
        except (OSError, ValueError):
            return True

    def ask(self, need: Need) -> Iterator[tuple[Part, Iterator[bytes]]]:
        """Ask for parts of the bundle; gives each with its pieces. Each part's pieces must be read before the next."""
        self.send({"need": to_json(need)})
        while True:
            frame = self._receive()
            if isinstance(frame, Raw) or set(frame) not in ({"part"}, {"end"}):
                raise BrokenFrame("The other side sent something else than the part that was asked for.")
            if "end" in frame:
                return
            part = from_json(Part, frame["part"], "part")
            contents = self._pieces()
            yield part, contents
            for _ in contents:
                pass

    def _pieces(self) -> Iterator[bytes]:
        while isinstance(frame := self._receive(), Raw):
            yield frame.data
        if set(frame) != {"done"}:
            raise BrokenFrame("The other side did not end a part as it should.")

    def _receive(self) -> Frame:
        frame = receive(self._connection)
        if frame is None:
            raise PeerGone("The other side closed the connection in the middle of a bundle.")
        return frame

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """Send signs of life while the block works."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(ALIVE_EVERY):
                try:
                    self.send({"alive": True})
                except (PeerGone, OSError):
                    return

        thread = threading.Thread(target=beat, name="alive", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def rows_of(contents: Iterator[bytes]) -> Iterator[SentRow]:
    """Read a part's pieces as rows."""
    for block in contents:
        for line in block.splitlines():
            yield read_row(line)


def whole(contents: Iterator[bytes], limit: int = LARGEST_CHUNK) -> bytes:
    """Return a part's pieces as one, if they are within the bound."""
    data = bytearray()
    for piece in contents:
        data += piece
        if len(data) > limit:
            raise BrokenFrame(f"The other side sent more than {limit} bytes for one piece of text.")
    return bytes(data)
