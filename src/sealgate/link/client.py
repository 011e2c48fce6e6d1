"""The control half's way to the agent: one method for each verb, one connection for each question.

Every method returns the typed answer or raises an exception of `model/errors.py`, the same that the agent raised.
Whatever else goes wrong is `NodeUnreachable` with one sentence: the agent is down, hangs (no sign of life for
`patience` seconds), or went away in the middle. Long works report `Progress` to a callback.
"""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any, TypeVar

from sealgate import __version__
from sealgate.link import live_tests as t
from sealgate.link import messages as m
from sealgate.link import rehearsals as r
from sealgate.link import upkeep as u
from sealgate.link.bundle import Need, Part, row_line
from sealgate.link.codec import from_json, to_json
from sealgate.link.failures import failure_from_json
from sealgate.link.framing import BrokenFrame, Frame, PeerGone, Raw, blocks, pieces, receive, send
from sealgate.model.errors import InvalidValue, NodeFailed, NodeUnreachable
from sealgate.model.next_steps import Act, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from sealgate.link.bundle import Bundle

    OnProgress = Callable[[m.Progress], None]

A = TypeVar("A")
_SAFE = "The draft is safe; nothing was changed by this."


class Node:
    """The agent of one node, reached over the Unix socket at `path`; `asker` is named in its log and audit."""

    def __init__(self, path: Path, asker: m.Asker, *, patience: float = 30.0, version: int = m.FORMAT) -> None:
        self._path = path
        self._asker = asker
        self._patience = patience
        self._format = version

    def hello(self) -> m.Hello:
        """Return who the agent is."""
        return self._ask("hello", m.Nothing(), m.Hello)

    def facts(self) -> m.Facts:
        """Return the node's facts, for rendering and for checks on this side."""
        return self._ask("facts", m.Nothing(), m.Facts)

    def public_key(self) -> m.PublicKey:
        """Return the key that secrets are sealed to."""
        return self._ask("public-key", m.Nothing(), m.PublicKey)

    def judge(
        self,
        bundle: Bundle,
        grade: m.Grade = m.Grade.PROBE,
        progress: OnProgress | None = None,
        *,
        overrides: tuple[m.Override, ...] = (),
        fresh: bool = False,
    ) -> m.Report:
        """Have a candidate judged; sends what the agent lacks of the bundle."""
        question = m.Judge(to_json(bundle.header), grade, overrides, fresh)
        return self._ask("judge", question, m.Report, progress=progress, bundle=bundle)

    def apply(self, question: m.Apply, progress: OnProgress | None = None) -> m.Outcome:
        """Put a judged candidate in force."""
        return self._ask("apply", question, m.Outcome, progress=progress)

    def confirm(self, revision: int | None = None) -> m.Outcome:
        """Keep the revision on watch."""
        return self._ask("confirm", m.Confirm(revision), m.Outcome)

    def rollback(
        self,
        revision: int | None = None,
        comment: str = "",
        progress: OnProgress | None = None,
        *,
        watched: int | None = None,
    ) -> m.Outcome:
        """Go back to a revision that this node still has; with `watched` only if that one is on watch (Conflict)."""
        return self._ask("rollback", m.Rollback(revision, comment, watched), m.Outcome, progress=progress)

    def status(self) -> m.Status:
        """Return what runs."""
        return self._ask("status", m.Nothing(), m.Status)

    def drift(self) -> u.Drift:
        """Return which live files were changed by hand."""
        return self._ask("drift", m.Nothing(), u.Drift)

    def adopt(self, files: dict[str, str]) -> u.Drift:
        """Say that the live content of these files (name → digest) is in the draft."""
        return self._ask("adopt", u.Adopt(files), u.Drift)

    def overwrite(self, files: tuple[str, ...] = ()) -> u.Drift:
        """Make live files again as the revision in force has them."""
        return self._ask("overwrite", u.Overwrite(files), u.Drift)

    def live_file(self, name: str, *, expected: bool = False) -> bytes:
        """Return a file of the configuration in force as it is now, or as the revision has it."""
        return b"".join(self._contents("live-file", u.LiveFile(name, expected)))

    def queue_list(self, which: u.QueueFilter | None = None) -> Iterator[u.QueueMessage]:
        """Give the queued messages that a filter finds."""
        for item in self._stream("queue-list", which or u.QueueFilter()):
            yield from_json(u.QueueMessage, item)

    def queue_view(self, queue_id: str) -> Iterator[bytes]:
        """Give a queued message in pieces."""
        yield from self._contents("queue-view", u.QueueView(queue_id))

    def queue_act(self, question: u.QueueAct) -> u.Count:
        """Do something with queued messages, or count them first."""
        return self._ask("queue-act", question, u.Count)

    def log(self, question: u.Log) -> Iterator[str]:
        """Give lines of Postfix's log; with `follow` until the iterator is closed."""
        for item in self._stream("log", question):
            yield from (str(line) for line in item)

    def log_part(self, question: u.LogPart) -> u.LogLines:
        """Return the next lines of Postfix's log, behind a place that was told before."""
        return self._ask("log-part", question, u.LogLines)

    def verify_show(self, address: str) -> u.VerifyAnswer:
        """Look an address up in the cache of verified recipients."""
        return self._ask("verify-show", u.VerifyShow(address), u.VerifyAnswer)

    def verify_clear(self) -> u.Count:
        """Empty the cache of verified recipients."""
        return self._ask("verify-clear", m.Nothing(), u.Count)

    def query(self, table: str, key: str, digest: str = "") -> u.QueryAnswer:
        """Look a key up in a table, in force or of the candidate `digest`."""
        return self._ask("query", u.Query(table, key, digest), u.QueryAnswer)

    def resolve(self, address: str, sender: str = "", digest: str = "") -> u.Route:
        """Ask where an address goes, in force or in the candidate `digest`."""
        return self._ask("resolve", u.Resolve(address, sender, digest), u.Route)

    def explain(self, mail: r.Mail, digest: str = "", progress: OnProgress | None = None) -> r.Explained:
        """Follow a mail through what is in force or through the candidate `digest`."""
        return self._ask("explain", r.Explain(mail, digest), r.Explained, progress=progress)

    def replay(self, question: r.Replay, progress: OnProgress | None = None) -> r.Replayed:
        """Try recent envelopes on what is in force and on a candidate."""
        return self._ask("replay", question, r.Replayed, progress=progress)

    def widening(self, digest: str, progress: OnProgress | None = None) -> r.Widened:
        """Ask who may newly do what when a candidate goes live."""
        return self._ask("widening", r.Widening(digest), r.Widened, progress=progress)

    def drill(self, question: r.Drill, progress: OnProgress | None = None) -> r.DrillReport:
        """Let parts fail in a sealed copy."""
        return self._ask("drill", question, r.DrillReport, progress=progress)

    def test_next_hop(self, question: t.NextHopTest, progress: OnProgress | None = None) -> t.LiveReport:
        """Have the node connect to a next hop."""
        return self._ask("test-next-hop", question, t.LiveReport, progress=progress)

    def test_login(self, question: t.LoginTest, bundle: Bundle, progress: OnProgress | None = None) -> t.LiveReport:
        """Have the node log in at a next hop, with a password of the candidate that the bundle describes."""
        return self._ask("test-login", question, t.LiveReport, progress=progress, bundle=bundle)

    def test_list(self, question: t.ListTest, progress: OnProgress | None = None) -> t.LiveReport:
        """Have the node ask a DNS list for its test entries."""
        return self._ask("test-list", question, t.LiveReport, progress=progress)

    def dns_picture(self, question: t.DnsPicture, progress: OnProgress | None = None) -> t.LiveReport:
        """Have the node look at what DNS says of the gateway's names."""
        return self._ask("dns-picture", question, t.LiveReport, progress=progress)

    def backup_keys(self, passphrase: str) -> bytes:
        """Return the private key, encrypted to a passphrase."""
        return self._ask("backup-keys", u.BackupKeys(passphrase), u.SealedKeys).sealed

    def restore_keys(self, passphrase: str, sealed: bytes) -> m.PublicKey:
        """Give the agent its private key back from a backup."""
        return self._ask("restore-keys", u.RestoreKeys(passphrase, sealed), m.PublicKey)

    def stop(self) -> None:
        """Stop the agent and its Postfix."""
        self._ask("stop", m.Nothing(), m.Nothing)

    def _ask(
        self,
        verb: str,
        question: Any,
        answer: type[A],
        *,
        progress: OnProgress | None = None,
        bundle: Bundle | None = None,
    ) -> A:
        with self._open(verb, question) as connection:
            while True:
                frame = self._next(connection)
                if isinstance(frame, Raw):
                    raise NodeFailed("The agent sent content where an answer belongs.")
                if "answer" in frame:
                    return self._read(answer, frame["answer"])
                if "progress" in frame and progress is not None:
                    progress(self._read(m.Progress, frame["progress"]))
                if "need" in frame and bundle is not None:
                    self._send_all(connection, self._give(bundle, self._read(Need, frame["need"])))

    def _stream(self, verb: str, question: Any) -> Iterator[Any]:
        with self._open(verb, question) as connection:
            while isinstance(frame := self._next(connection), Raw) or "answer" not in frame:
                if not isinstance(frame, Raw) and "item" in frame:
                    yield frame["item"]

    def _contents(self, verb: str, question: Any) -> Iterator[bytes]:
        with self._open(verb, question) as connection:
            while isinstance(frame := self._next(connection), Raw) or "answer" not in frame:
                if isinstance(frame, Raw):
                    yield frame.data

    def _open(self, verb: str, question: Any) -> socket.socket:
        opening = m.Opening(self._format, __version__, verb, self._asker, to_json(question))
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._patience)
        try:
            connection.connect(str(self._path))
            with contextlib.suppress(PeerGone):  # refused unheard: the agent's reason is the next frame to read
                send(connection, to_json(opening))
        except OSError as error:
            connection.close()
            raise self._unreachable(error) from None
        return connection

    def _next(self, connection: socket.socket) -> Frame:
        try:
            frame = receive(connection)
        except TimeoutError:
            raise NodeUnreachable(
                f"The agent at {self._path} gave no sign of life for {self._patience:.0f} seconds. What it was doing "
                "is in its log; look at what is in force when it answers again."
            ).then(Step(Act.STATUS)) from None
        except BrokenFrame:
            raise NodeUnreachable(f"What answers at {self._path} is no agent of Sealgate. {_SAFE}") from None
        except (OSError, PeerGone):
            frame = None
        if frame is None:
            raise NodeUnreachable(
                f"The agent at {self._path} went away before it answered. Start it, then look at what is in force."
            ).then(Step(Act.START), Step(Act.STATUS))
        if not isinstance(frame, Raw) and "failure" in frame:
            raise failure_from_json(frame["failure"])
        return frame

    def _send_all(self, connection: socket.socket, frames: Iterable[Frame]) -> None:
        for frame in frames:
            try:
                send(connection, frame)
            except PeerGone:
                return  # the agent's reason is the next frame to read
            except OSError as error:
                raise self._unreachable(error) from None

    def _give(self, bundle: Bundle, need: Need) -> Iterator[Frame]:
        for noun, base in need.tables.items():
            rows = bundle.delta(noun, base) if base else bundle.rows(noun)
            yield from _part(Part("delta" if base else "rows", noun, base), blocks(map(row_line, rows)))
        for digest in need.chunks:
            yield from _part(Part("chunk", digest), pieces(bundle.chunk(digest)))
        for name in need.secrets:
            yield from _part(Part("secret", name), pieces(bundle.secret(name)))
        yield {"end": True}

    def _read(self, cls: type[A], data: Any) -> A:
        try:
            return from_json(cls, data)
        except InvalidValue as error:
            raise NodeFailed(
                f"The agent's answer cannot be read ({error}). Bring both halves to the same version."
            ) from None

    def _unreachable(self, error: Exception) -> NodeUnreachable:
        if isinstance(error, PermissionError):
            text = f"You may not speak with the agent at {self._path}: use sudo, or join its group. {_SAFE}"
        else:
            text = f"The agent does not answer at {self._path}. {_SAFE}"
            return NodeUnreachable(text).then(Step(Act.START))
        return NodeUnreachable(text)


def _part(part: Part, contents: Iterable[bytes]) -> Iterator[Frame]:
    yield {"part": to_json(part)}
    for content in contents:
        yield Raw(content)
    yield {"done": True}
