"""The attribute protocol: what is sent, and what is made of what comes."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.postfix.attributes import Connection, encode

if TYPE_CHECKING:
    from pathlib import Path

words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)


def answering(path: Path, data: bytes) -> None:
    """Serve one connection with these bytes, however they fall into packets."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def run() -> None:
        connection, _ = server.accept()
        with connection, server:
            for at in range(0, len(data), 7):
                connection.sendall(data[at : at + 7])

    threading.Thread(target=run, daemon=True).start()


def test_a_list_of_attributes_ends_with_an_empty_name() -> None:
    assert encode({"request": "resolve", "sender": ""}) == b"request\0resolve\0sender\0\0\0"


def test_nul_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="NUL"):
        encode({"address": "a\0b"})


def test_names_that_come_twice_are_kept_in_order(tmp_path: Path) -> None:
    answering(tmp_path / "s", b"protocol\0x\0\0flags\0000\0flags\0004096\0\0")

    with Connection(tmp_path / "s", 5) as connection:
        assert connection.greeting == {"protocol": "x"}
        assert connection.receive() == (("flags", "0"), ("flags", "4096"))


def test_a_daemon_that_closes_is_an_error_that_says_so(tmp_path: Path) -> None:
    answering(tmp_path / "s", b"protocol\0x\0\0")

    with Connection(tmp_path / "s", 5) as connection, pytest.raises(ConnectionError, match="closed"):
        connection.receive()


@given(st.dictionaries(words, words, max_size=5))
def test_what_is_encoded_is_what_is_received(
    tmp_path_factory: pytest.TempPathFactory, attributes: dict[str, str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "attributes"
    path.unlink(missing_ok=True)
    answering(path, encode(attributes))

    with Connection(path, 5) as connection:
        assert connection.greeting == attributes
