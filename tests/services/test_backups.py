from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.accounts import person, signed_in
from tests.support.control_half import make_directory, stand_in
from tests.support.waiting import wait_until

from sealgate import __version__
from sealgate.link import passphrase
from sealgate.link.messages import PublicKey
from sealgate.link.upkeep import SealedKeys
from sealgate.model.errors import InvalidValue, NodeUnreachable, NotPermitted, ProofNeeded, Refused, StoreFailed
from sealgate.services import applying, auditing, backups, changes, rows, sessions, settings
from sealgate.services.actor import ALL_RIGHTS, Actor, Right
from sealgate.services.gateway import Gateway
from sealgate.services.origins import Origin
from sealgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.control_half import StandIn

WORDS = "correct horse battery staple"


def quiet(_text: str, _count: int) -> None:
    pass


class KeyHolder:
    """A stand-in that keeps a node's private key, as the agent does."""

    def __init__(self, private: bytes) -> None:
        self.private = private

    def answers(self) -> dict[str, Any]:
        return {"backup_keys": self._backup, "restore_keys": self._restore}

    def _backup(self, question: Any, _talk: Any) -> SealedKeys:
        return SealedKeys(b"".join(passphrase.encrypt(question.passphrase, [self.private])))

    def _restore(self, question: Any, _talk: Any) -> PublicKey:
        self.private = b"".join(passphrase.decrypt(question.passphrase, [question.sealed]))
        return PublicKey(b"", "")


@pytest.fixture
def holder() -> KeyHolder:
    return KeyHolder(b"the private key of gateway one..")


@pytest.fixture
def agent(directory: Path, holder: KeyHolder) -> Iterator[StandIn]:
    with stand_in(directory, **holder.answers()) as running:
        yield running


@pytest.fixture
def full(gateway: Gateway, ann: Actor, agent: StandIn) -> Gateway:
    """A gateway with revisions, a pending change, a secret, and text."""
    settings.set_value(gateway, ann, "my-hostname", "gw.example.com")
    rows.add(gateway, ann, "sasl", {"host": "smtp.example.net", "user": "u", "password": "hunter two"})
    rows.add(gateway, ann, "lookup-table", {"name": "t", "type": "hash", "content": "a 1\n"})
    applying.apply(gateway, ann, "first")
    rows.add(gateway, ann, "relay-domain", {"domain": "pending.example"})
    assert agent.asked
    return gateway


@pytest.fixture
def saved(full: Gateway, ann: Actor) -> bytes:
    target = io.BytesIO()
    backups.backup(full, ann, WORDS, target, quiet)
    return target.getvalue()


def digest(gateway: Gateway) -> tuple[str, str, int]:
    with gateway.store.reading() as reader:
        return reader.draft().digest(), reader.revision(reader.newest).digest(), reader.newest


def in_force(gateway: Gateway) -> int:
    with gateway.store.reading() as reader:
        return reader.in_force


def test_a_backup_restores_into_an_empty_gateway(
    full: Gateway, saved: bytes, ann: Actor, holder: KeyHolder, tmp_path: Path
) -> None:
    make_directory(tmp_path / "other")
    other = KeyHolder(b"another key.....................")
    empty = Gateway.open(Settings.load(tmp_path / "other"))
    with stand_in(tmp_path / "other", **other.answers()):
        backups.restore(empty, ann, WORDS, io.BytesIO(saved), quiet)
    found = digest(empty)
    text = lookup(empty, ann)
    empty.close()

    assert (found, other.private, text) == (digest(full), holder.private, "a 1\n")


def lookup(gateway: Gateway, actor: Actor) -> str:
    from sealgate.services import lookup_tables

    return lookup_tables.show(gateway, actor, "t").text


def test_a_backup_restores_over_what_is_there(full: Gateway, saved: bytes, ann: Actor) -> None:
    before = digest(full)
    rows.add(full, ann, "relay-domain", {"domain": "later.example"})
    applying.apply(full, ann, "later")

    done = backups.restore(full, ann, WORDS, io.BytesIO(saved), quiet)

    assert (digest(full), done.revision) == (before, 1)


def test_what_the_node_runs_is_in_force_after_a_restore_if_the_history_has_it(
    full: Gateway, saved: bytes, ann: Actor
) -> None:
    backups.restore(full, ann, WORDS, io.BytesIO(saved), quiet)

    assert in_force(full) == 1


def test_nothing_of_the_history_is_in_force_after_a_restore_while_the_node_runs_something_else(
    full: Gateway, saved: bytes, ann: Actor
) -> None:
    applying.apply(full, ann, "not in the backup")
    backups.restore(full, ann, WORDS, io.BytesIO(saved), quiet)
    before = in_force(full)

    applied = applying.apply(full, ann, "make it live")

    assert (before, applied.revision, in_force(full)) == (0, 2, 2)


def test_work_goes_on_after_a_restore(full: Gateway, saved: bytes, ann: Actor) -> None:
    backups.restore(full, ann, WORDS, io.BytesIO(saved), quiet)

    rows.add(full, ann, "relay-domain", {"domain": "new.example"})
    applied = applying.apply(full, ann, "after the restore")

    assert (applied.revision, changes.pending(full, ann)) == (2, [])


def test_the_audit_holds_after_a_restore_and_tells_of_it(full: Gateway, saved: bytes, ann: Actor) -> None:
    backups.restore(full, ann, WORDS, io.BytesIO(saved), quiet)

    newest = auditing.newest(full, ann)[0]
    assert (auditing.verify(full, ann), newest.verb) == (None, "restore-backup")
    assert newest.detail["replaced"]["number"] > 0


def test_the_audit_is_guarded_again_after_a_restore(full: Gateway, saved: bytes, ann: Actor) -> None:
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import DBAPIError

    backups.restore(full, ann, WORDS, io.BytesIO(saved), quiet)

    engine = create_engine(full.settings.database_url)
    with engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text("DELETE FROM audit"))
    engine.dispose()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-10],
        lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
        lambda _data: b"",
        lambda _data: b"no backup at all" * 1000,
    ],
    ids=["cut", "flipped", "empty", "other"],
)
def test_a_damaged_backup_changes_nothing(
    full: Gateway, saved: bytes, ann: Actor, holder: KeyHolder, spoil: Any
) -> None:
    before, key = digest(full), holder.private

    with pytest.raises(InvalidValue):
        backups.restore(full, ann, WORDS, io.BytesIO(spoil(saved)), quiet)

    assert (digest(full), holder.private) == (before, key)


def test_a_wrong_passphrase_changes_nothing(full: Gateway, saved: bytes, ann: Actor) -> None:
    before = digest(full)

    with pytest.raises(InvalidValue, match="passphrase"):
        backups.restore(full, ann, "other words entirely", io.BytesIO(saved), quiet)

    assert digest(full) == before


def sealed(*lines: bytes) -> io.BytesIO:
    return io.BytesIO(b"".join(passphrase.encrypt(WORDS, [b"".join(lines)])))


@pytest.mark.parametrize(
    "lines",
    [
        (b'{"sealgate": 99, "version": "9.9", "at": "x"}\n',),
        (b'{"sealgate": 1, "at": "x"}\n', b'{"keys": ""}\n', b'{"format": 99, "shape": "0001"}\n'),
        (b'{"sealgate": 1, "at": "x"}\n', b'{"keys": ""}\n', b'{"format": 1, "shape": "9999"}\n'),
    ],
    ids=["file", "dump", "shape"],
)
def test_a_backup_of_a_newer_version_is_refused(full: Gateway, ann: Actor, lines: tuple[bytes, ...]) -> None:
    before = digest(full)

    with pytest.raises(InvalidValue, match="newer"):
        backups.restore(full, ann, WORDS, sealed(*lines), quiet)

    assert digest(full) == before


@pytest.mark.parametrize(
    "line",
    [b"[]\n", b"{}\n", b"no json\n", b'{"table": "nothing", "columns": []}\n', b'{"table": "audit", "columns": []}\n'],
)
def test_a_backup_that_holds_something_else_changes_nothing(full: Gateway, ann: Actor, line: bytes) -> None:
    before = digest(full)
    head = b'{"sealgate": 1, "at": "x"}\n', b'{"keys": ""}\n', b'{"format": 1, "shape": "0001"}\n'

    with pytest.raises(InvalidValue):
        backups.restore(full, ann, WORDS, sealed(*head, line), quiet)

    assert digest(full) == before


def test_a_key_that_the_node_refuses_keeps_everything_as_it_was(
    full: Gateway, saved: bytes, ann: Actor, agent: StandIn
) -> None:
    before = digest(full)
    agent.answers["restore-keys"] = Refused("This node has secrets sealed to another key.")

    with pytest.raises(Refused, match="another key"):
        backups.restore(full, ann, WORDS, io.BytesIO(saved), quiet)

    assert digest(full) == before


def test_a_backup_holds_no_secret_and_no_row_in_clear(saved: bytes, holder: KeyHolder) -> None:
    for word in (b"hunter two", b"gw.example.com", b"pending.example", holder.private):
        assert word not in saved


def test_a_short_passphrase_is_refused(full: Gateway, ann: Actor) -> None:
    with pytest.raises(InvalidValue, match="passphrase"):
        backups.backup(full, ann, "short", io.BytesIO(), quiet)


def test_without_the_agent_there_is_no_backup_without_its_key(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(NodeUnreachable):
        backups.backup(gateway, ann, WORDS, io.BytesIO(), quiet)


def test_backup_and_restore_need_their_right(gateway: Gateway) -> None:
    eve = Actor("local:eve", rights=ALL_RIGHTS - {Right.BACKUP})

    for act in (backups.backup, backups.restore):
        with pytest.raises(NotPermitted):
            act(gateway, eve, WORDS, io.BytesIO(), quiet)


def test_a_backup_says_which_version_made_it(saved: bytes) -> None:
    first = b"".join(passphrase.decrypt(WORDS, [saved])).split(b"\n")[0]

    assert f'"version": "{__version__}"'.encode() in first


def test_a_backup_to_be_sent_is_whole_and_comes_back(full: Gateway, ann: Actor) -> None:
    before = digest(full)
    file, written = backups.spooled(full, ann, WORDS)
    data = b"".join(backups.in_pieces(file))
    rows.add(full, ann, "relay-domain", {"domain": "later.example"})

    backups.restore(full, ann, WORDS, io.BytesIO(data), quiet)

    assert (len(data), digest(full), file.closed) == (written.size, before, True)


def test_a_session_proves_anew_before_a_backup_is_sent(full: Gateway, agent: StandIn) -> None:
    person(full, "olga", "owner")
    session = signed_in(full, "olga")
    owner = sessions.actor_of(full, session.session, Origin("web", "192.0.2.10", "Lynx"))
    assert owner is not None
    fresh = backups.needs_proof(full, owner)
    with full.writing(Actor.local("test")) as writer:
        writer.people.change_session(owner.session, proven=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1))

    with pytest.raises(ProofNeeded):
        backups.spooled(full, owner, WORDS)

    assert (fresh, [verb for verb, _question in agent.asked if verb == "backup-keys"]) == (False, [])


def test_of_two_backups_at_once_one_is_refused(full: Gateway, ann: Actor, agent: StandIn, holder: KeyHolder) -> None:
    refused: list[str] = []

    def meanwhile(question: Any, talk: Any) -> SealedKeys:
        with pytest.raises(Refused) as fault:
            backups.spooled(full, ann, WORDS)
        refused.append(str(fault.value))
        return holder.answers()["backup_keys"](question, talk)  # type: ignore[no-any-return]

    agent.answers["backup-keys"] = meanwhile
    backups.spooled(full, ann, WORDS)[0].close()
    agent.answers["backup-keys"] = holder.answers()["backup_keys"]
    backups.spooled(full, ann, WORDS)[0].close()

    assert ["Another backup" in text for text in refused] == [True]


def test_while_a_backup_is_fetched_no_other_one_is_made(full: Gateway, ann: Actor) -> None:
    pieces = backups.in_pieces(backups.spooled(full, ann, WORDS)[0])

    with pytest.raises(Refused, match="fetched"):
        backups.spooled(full, ann, WORDS)
    assert list(pieces) != []
    backups.spooled(full, ann, WORDS)[0].close()


@pytest.mark.parametrize("begun", [False, True])
def test_who_goes_away_before_all_is_sent_gives_the_place_back(full: Gateway, ann: Actor, begun: bool) -> None:
    spool, _written = backups.spooled(full, ann, WORDS)
    assert not begun or spool.read() != b""
    del spool

    backups.spooled(full, ann, WORDS)[0].close()


def test_a_backup_that_is_not_fetched_in_time_ends_and_gives_the_place_back(full: Gateway, ann: Actor) -> None:
    spool, _written = backups.spooled(full, ann, WORDS, seconds=0.05)
    wait_until(lambda: spool.closed, "the time is over")

    with pytest.raises(StoreFailed, match="in time"):
        list(backups.in_pieces(spool))
    backups.spooled(full, ann, WORDS)[0].close()


def test_a_backup_that_would_fill_the_disk_is_not_made(full: Gateway, ann: Actor, agent: StandIn) -> None:
    with pytest.raises(StoreFailed, match="would stay free"):
        backups.spooled(full, ann, WORDS, kept_free=1 << 60)

    assert "backup-keys" not in [verb for verb, _question in agent.asked]
    backups.spooled(full, ann, WORDS)[0].close()


def test_a_short_passphrase_is_refused_before_anything_is_asked(full: Gateway, ann: Actor, agent: StandIn) -> None:
    with pytest.raises(InvalidValue, match="shorter than 8"):
        backups.spooled(full, ann, "seven77")

    assert "backup-keys" not in [verb for verb, _question in agent.asked]
