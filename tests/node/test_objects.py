"""Second copies: kept once, read only when they are what their name says."""

from __future__ import annotations

import hashlib

import pytest

from sealgate.model.errors import NodeFailed
from sealgate.node.objects import Objects, SealedSecrets
from sealgate.postfix.files import Files


@pytest.fixture
def objects(tmp_path):
    return Objects(tmp_path, Files(durable=False))


@pytest.fixture
def secrets(tmp_path):
    return SealedSecrets(tmp_path / "secrets", Files(durable=False))


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 1000])
def test_a_content_comes_back_by_its_digest(objects, content):
    assert objects.get(objects.put(content)) == content


def test_the_digest_is_sha256(objects):
    assert objects.put(b"abc") == hashlib.sha256(b"abc").hexdigest()


def test_a_copy_is_read_only_and_for_root(objects):
    path = objects.path(objects.put(b"abc"))

    assert path.stat().st_mode & 0o777 == 0o400


def test_the_same_content_is_kept_once(objects):
    before = objects.path(objects.put(b"abc")).stat().st_ino

    assert objects.path(objects.put(b"abc")).stat().st_ino == before


def test_a_damaged_copy_is_noticed_and_counts_as_absent(objects):
    digest = objects.put(b"abc")
    objects.path(digest).chmod(0o600)
    objects.path(digest).write_bytes(b"abd")

    with pytest.raises(NodeFailed, match="missing or damaged"):
        objects.get(digest)
    assert not objects.has(digest)


def test_an_absent_copy_is_told_as_such(objects):
    with pytest.raises(NodeFailed, match="missing or damaged"):
        objects.get("0" * 64)


def test_sweeping_keeps_what_is_named(objects):
    kept, gone = objects.put(b"kept"), objects.put(b"gone")
    objects.sweep([kept])

    assert objects.has(kept)
    assert not objects.has(gone)


@pytest.mark.parametrize("name", ["s1", "../../etc/passwd", "", "a" * 500, "ü\n\0"])
def test_a_secret_of_any_name_stays_in_its_directory(secrets, tmp_path, name):
    secrets.put(name, b"sealed")

    assert secrets.get(name) == b"sealed"
    assert [path.parent for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "secrets"]


def test_a_missing_secret_says_what_to_do(secrets):
    with pytest.raises(NodeFailed, match="The secret s1 is not on this node"):
        secrets.get("s1")


def test_sweeping_keeps_the_secrets_named(secrets):
    for name in ("a", "b"):
        secrets.put(name, b"sealed")
    secrets.sweep(["a"])

    assert secrets.has("a")
    assert not secrets.has("b")
