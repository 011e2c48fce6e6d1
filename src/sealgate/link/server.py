"""The agent's door: a Unix socket that takes one question per connection and answers it in a thread of its own.

Who may knock is decided by the kernel's word on the peer (SO_PEERCRED of unix(7)): root and the users named. The
socket's mode and group are a second fence. A question in another format, from another user, of unknown shape, or that
does not come within `PATIENCE` seconds is refused with one sentence; nothing a peer sends can stop the server.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

from sealgate import __version__
from sealgate.link.codec import from_json, to_json
from sealgate.link.conversation import Conversation, Peer
from sealgate.link.failures import failure_to_json
from sealgate.link.framing import BrokenFrame, PeerGone, Raw, receive
from sealgate.link.messages import FORMAT, Asker, Opening
from sealgate.link.verbs import VERBS
from sealgate.model.errors import NotPermitted, Refused, SealgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Handler = Callable[[Any, Conversation], Any]
    OnFault = Callable[[str, BaseException], None]

PATIENCE = 30.0
_MOST_CONVERSATIONS = 64
_UNHEARD_PATIENCE = 1.0
_CREDENTIALS = struct.Struct("3i")


class Server:
    """Serves `handlers` (verb → function of question and conversation) on the Unix socket at `path`.

    `uids` may ask; `gid` and mode 0660 are set on the socket. `on_fault` hears of exceptions nobody planned.
    """

    def __init__(
        self, path: Path, handlers: Mapping[str, Handler], *, uids: frozenset[int], gid: int, on_fault: OnFault
    ) -> None:
        self._path = path
        self._handlers = dict(handlers)
        self._uids = uids
        self._on_fault = on_fault
        self._places = threading.BoundedSemaphore(_MOST_CONVERSATIONS)
        self._closed = threading.Event()
        self._listener = _listen(path, gid)

    def serve(self) -> None:
        """Take connections until `close` is called."""
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._closed.is_set():
                    return
                self._closed.wait(0.1)  # out of file descriptors: wait for conversations to end
                continue
            self._places.acquire()
            threading.Thread(target=self._converse, args=(connection,), name="conversation", daemon=True).start()

    def close(self) -> None:
        """Take no more connections; conversations under way end by themselves."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(PATIENCE)
                peer = _peer(connection)
                conversation = Conversation(connection, peer, Asker("", ""))
                frame = self._outcome(conversation, connection)
                with contextlib.suppress(PeerGone, OSError):
                    self._send(conversation, frame)
        finally:
            self._places.release()

    def _send(self, conversation: Conversation, frame: dict[str, Any]) -> None:
        try:
            conversation.send(frame)
        except ValueError as error:  # it fits no frame; a connection that only closes would say nothing
            self._on_fault("answer", error)
            conversation.send({"failure": failure_to_json(error)})

    @staticmethod
    def _hear_out(connection: socket.socket) -> None:
        """Take the question of somebody who gets no answer to it: a close before that could swallow the refusal."""
        connection.settimeout(_UNHEARD_PATIENCE)
        with contextlib.suppress(SealgateError, OSError):
            receive(connection)

    def _outcome(self, conversation: Conversation, connection: socket.socket) -> dict[str, Any]:
        verb = "?"
        try:
            if conversation.peer.uid not in self._uids:
                self._hear_out(connection)
            self._check_peer(conversation.peer)
            opening = _opening(connection)
            verb = opening.verb
            conversation.asker = opening.asker
            question, handler = self._question(opening)
            with conversation.alive():
                return {"answer": to_json(handler(question, conversation))}
        except (SealgateError, OSError) as error:
            if isinstance(error, OSError):
                self._on_fault(verb, error)
            return {"failure": failure_to_json(error)}
        except Exception as error:  # noqa: BLE001 - the server outlives every handler
            self._on_fault(verb, error)
            return {"failure": failure_to_json(error)}

    def _check_peer(self, peer: Peer) -> None:
        if peer.uid not in self._uids:
            raise NotPermitted(
                f"User id {peer.uid} may not speak with the agent. Ask as root, or as the user of the control half."
            )

    def _question(self, opening: Opening) -> tuple[Any, Handler]:
        handler = self._handlers.get(opening.verb)
        if handler is None or opening.verb not in VERBS:
            raise Refused(f"The agent knows no verb {opening.verb[:40]!r}. Bring both halves to the same version.")
        return from_json(VERBS[opening.verb][0], opening.body, opening.verb), handler


def _opening(connection: socket.socket) -> Opening:
    frame = receive(connection)
    if frame is None or isinstance(frame, Raw):
        raise BrokenFrame("A conversation begins with a question.")
    theirs = frame.get("format")
    if theirs != FORMAT:
        raise Refused(
            f"This agent is Sealgate {__version__} and speaks format {FORMAT}; the question is from version "
            f"{str(frame.get('version'))[:20]} in format {str(theirs)[:10]}. Nothing was done. Bring both halves to "
            "the same version, then restart the older one."
        )
    return from_json(Opening, frame)


def _peer(connection: socket.socket) -> Peer:
    return Peer(*_CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)))


def _listen(path: Path, gid: int) -> socket.socket:
    """Bind under a temporary name and rename: whoever finds the socket finds it listening, with its final rights."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(temporary))
        temporary.chmod(0o660)
        os.chown(temporary, -1, gid)
        listener.listen(64)
        temporary.rename(path)
    except OSError:
        listener.close()
        raise
    return listener
