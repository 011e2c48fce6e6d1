"""Backups encrypted to a passphrase: whole or not at all."""

from __future__ import annotations

import struct

import pytest

from sealgate.link.passphrase import MAGIC, decrypt, encrypt
from sealgate.model.errors import InvalidValue

WORDS = "four words are fine"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def sealed():
    return b"".join(encrypt(WORDS, [b"a" * MIB, b"b" * 10]))


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB])
def test_every_size_comes_back_as_it_was(size):
    clear = bytes(i % 251 for i in range(size))

    assert b"".join(decrypt(WORDS, encrypt(WORDS, [clear]))) == clear


def test_pieces_may_be_cut_anywhere(sealed):
    cut = [sealed[i : i + 70_001] for i in range(0, len(sealed), 70_001)]

    assert b"".join(decrypt(WORDS, cut)) == b"a" * MIB + b"b" * 10


def test_another_passphrase_is_told_as_such(sealed):
    with pytest.raises(InvalidValue, match="passphrase does not open"):
        list(decrypt("four words are wrong", [sealed]))


def test_a_short_passphrase_is_refused():
    with pytest.raises(InvalidValue, match="shorter than 8"):
        list(encrypt("seven77", [b"x"]))


def test_a_file_cut_after_a_whole_frame_is_noticed(sealed):
    head = len(MAGIC) + 28
    (length,) = struct.unpack(">I", sealed[head : head + 4])

    with pytest.raises(InvalidValue):
        list(decrypt(WORDS, [sealed[: head + 4 + length]]))


def test_a_file_cut_in_a_frame_is_noticed(sealed):
    with pytest.raises(InvalidValue, match="damaged or incomplete"):
        list(decrypt(WORDS, [sealed[:-1]]))


def test_bytes_after_the_end_are_noticed(sealed):
    with pytest.raises(InvalidValue):
        list(decrypt(WORDS, [sealed, b"more"]))


def test_another_file_is_told_as_such():
    with pytest.raises(InvalidValue, match="no backup of Sealgate"):
        list(decrypt(WORDS, [b"#!/bin/sh\necho this is something else entirely\n"]))


@pytest.mark.parametrize(
    "costs",
    [(2**31, 65536, 4), (3, 2**31, 4), (3, 65536, 2**20), (0, 65536, 4), (3, 4, 4), (3, 65536, 0)],
)
def test_costs_out_of_bounds_are_not_paid(costs):
    with pytest.raises(InvalidValue, match="damaged"):
        list(decrypt(WORDS, [MAGIC + struct.pack(">III16s", *costs, bytes(16)) + bytes(100)]))
