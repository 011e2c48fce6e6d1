"""The node group's key on disk: made once, restored from a backup, never locking out what is here."""

from __future__ import annotations

import pytest
from tests.node.world import Gateway, applied, basic

from sealgate.link import sealing
from sealgate.model.errors import InvalidValue, NodeFailed, Refused
from sealgate.model.secrets import Sealed
from sealgate.node.keys import GroupKey
from sealgate.node.paths import NodePaths
from sealgate.node.stores import Stores

WORDS = "four words are fine"


@pytest.fixture
def stores(tmp_path):
    (tmp_path / "control").mkdir()
    return Stores.open(NodePaths(tmp_path))


@pytest.fixture
def key(stores):
    return GroupKey(stores)


def test_a_sealed_secret_is_opened(stores, key):
    stores.secrets.put("s1", sealing.seal(key.public().key, "s1", "pässword".encode()))

    assert key.open(Sealed("s1")) == "pässword"


def test_a_secret_that_is_not_here_is_told(key):
    with pytest.raises(NodeFailed, match="is not on this node"):
        key.open(Sealed("s1"))


def test_a_secret_that_is_no_text_is_told_without_its_content(stores, key):
    stores.secrets.put("s1", sealing.seal(key.public().key, "s1", b"\xff\xfe"))

    with pytest.raises(NodeFailed, match="The secret s1 is no text"):
        key.open(Sealed("s1"))


def test_the_private_key_does_not_stand_in_the_backup(stores, key):
    assert stores.paths.key.read_bytes() not in key.backup(WORDS)


def test_a_restored_key_opens_what_was_sealed_to_it(stores, key, tmp_path):
    sealed = sealing.seal(key.public().key, "s1", b"secret")
    (tmp_path / "other/control").mkdir(parents=True)
    other = Stores.open(NodePaths(tmp_path / "other"))
    restored = GroupKey(other)
    restored.restore(WORDS, key.backup(WORDS))
    other.secrets.put("s1", sealed)

    assert restored.open(Sealed("s1")) == "secret"
    assert GroupKey(other).public() == key.public()
    assert other.paths.public_key.read_bytes() == key.public().key


def test_a_damaged_backup_changes_nothing(stores, key):
    before = stores.paths.key.read_bytes()

    with pytest.raises(InvalidValue):
        key.restore(WORDS, key.backup(WORDS)[:-1])
    assert stores.paths.key.read_bytes() == before


def test_a_key_file_that_is_none_stops_the_agent_with_a_sentence(stores):
    stores.paths.key.write_bytes(b"too short")

    with pytest.raises(InvalidValue, match="no private key of a node group"):
        GroupKey(stores)


def test_a_lost_public_key_is_published_again(stores, key):
    stores.paths.public_key.unlink()
    key.publish()

    assert stores.paths.public_key.read_bytes() == key.public().key


def test_without_the_control_directory_nothing_is_published(tmp_path):
    stores = Stores.open(NodePaths(tmp_path / "bare"))
    GroupKey(stores).publish()

    assert not stores.paths.public_key.exists()


def test_another_key_is_refused_where_it_would_lock_out_secrets():
    with Gateway() as gateway, gateway.agent() as node, Gateway() as other, other.agent() as second:
        made = basic()
        made.secrets["s1"] = sealing.seal(node.public_key().key, "s1", b"secret")
        made.add("sasl", {"host": "smtp.example.net", "user": "u", "password": "s1"})
        applied(node, made, 1)

        with pytest.raises(Refused, match="has secrets sealed to another key"):
            node.restore_keys(WORDS, second.backup_keys(WORDS))
        node.restore_keys(WORDS, node.backup_keys(WORDS))


def test_neither_question_nor_answer_shows_passphrase_or_key_in_its_repr():
    from sealgate.link.upkeep import BackupKeys, RestoreKeys

    assert WORDS not in repr(BackupKeys(WORDS)) + repr(RestoreKeys(WORDS, b"sealed"))
    assert "sealed=" not in repr(RestoreKeys(WORDS, b"sealed"))
