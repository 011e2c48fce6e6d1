"""Sealed secrets: what opens, what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.link import sealing
from sealgate.model.errors import InvalidValue, NodeFailed

KEYS = sealing.generate()


@given(name=st.text(max_size=80), secret=st.binary(max_size=4000))
def test_every_secret_opens_under_its_name_with_the_private_key(name, secret):
    assert sealing.open_(KEYS.private, name, sealing.seal(KEYS.public, name, secret)) == secret


def test_the_ciphertext_does_not_contain_the_secret():
    assert b"correct horse" not in sealing.seal(KEYS.public, "a", b"correct horse")


def test_sealing_twice_gives_two_ciphertexts():
    assert sealing.seal(KEYS.public, "a", b"x") != sealing.seal(KEYS.public, "a", b"x")


def test_a_secret_moved_to_another_name_does_not_open():
    moved = sealing.seal(KEYS.public, "smtp.example.com", b"x")

    with pytest.raises(NodeFailed, match=r"sealed for another gateway or is damaged"):
        sealing.open_(KEYS.private, "evil.example.com", moved)


def test_another_nodes_key_does_not_open_the_secret():
    with pytest.raises(NodeFailed):
        sealing.open_(sealing.generate().private, "a", sealing.seal(KEYS.public, "a", b"x"))


@given(st.data())
def test_a_changed_byte_anywhere_keeps_the_secret_closed(data):
    sealed = bytearray(sealing.seal(KEYS.public, "a", b"secret"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))

    with pytest.raises(NodeFailed):
        sealing.open_(KEYS.private, "a", bytes(sealed))


@given(st.binary(max_size=200))
def test_garbage_is_never_opened(garbage):
    with pytest.raises(NodeFailed):
        sealing.open_(KEYS.private, "a", garbage)


def test_the_error_does_not_tell_the_secret():
    with pytest.raises(NodeFailed) as failure:
        sealing.open_(KEYS.private, "b", sealing.seal(KEYS.public, "a", b"correct horse"))

    assert "correct" not in str(failure.value)


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 33])
def test_what_is_no_public_key_is_refused(key):
    with pytest.raises(InvalidValue, match="no public key"):
        sealing.seal(key, "a", b"x")


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 33])
def test_what_is_no_private_key_is_refused(key):
    with pytest.raises(InvalidValue, match="no private key"):
        sealing.public_of(key)


def test_a_secret_larger_than_the_bound_is_refused():
    with pytest.raises(InvalidValue, match="1048577 bytes"):
        sealing.seal(KEYS.public, "a", b"x" * (sealing.LONGEST_SECRET + 1))


def test_the_public_key_follows_from_the_private_one():
    assert sealing.public_of(KEYS.private) == KEYS.public


def test_a_keys_short_name_is_sixteen_hexadecimal_digits():
    assert len(sealing.key_id(KEYS.public)) == 16
    assert int(sealing.key_id(KEYS.public), 16) >= 0
