"""Frames: what goes in comes out, and nothing hostile gets further than an error."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.link.framing import (
    JSON_LIMIT,
    RAW_LIMIT,
    BrokenFrame,
    PeerGone,
    Raw,
    blocks,
    encode,
    pieces,
    receive,
    send,
)
from sealgate.model.errors import NodeFailed

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
FRAMES = st.dictionaries(st.text(), JSON_VALUES, max_size=5) | st.builds(Raw, st.binary(max_size=5000))


def received(data):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)

        def write():
            with contextlib.suppress(BrokenPipeError):
                theirs.sendall(data)
                theirs.shutdown(socket.SHUT_WR)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            frames = []
            while (frame := receive(ours)) is not None:
                frames.append(frame)
            return frames
        finally:
            ours.close()
            writer.join()


@given(st.lists(FRAMES, max_size=5))
def test_frames_arrive_as_they_were_sent(frames):
    assert received(b"".join(map(encode, frames))) == frames


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_or_an_error_of_the_link(data):
    try:
        frames = received(data)
    except NodeFailed:
        return

    assert b"".join(encode(f) if isinstance(f, Raw) else b"" for f in frames) in data or frames


@given(FRAMES, st.data())
def test_a_frame_cut_short_is_a_peer_that_went_away(frame, data):
    whole = encode(frame)
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]

    with pytest.raises(PeerGone):
        received(cut)


def test_a_length_above_the_bound_is_refused_before_anything_is_read():
    with pytest.raises(BrokenFrame, match="at most"):
        received(b"J" + (JSON_LIMIT + 1).to_bytes(4))


def test_another_protocol_is_refused():
    with pytest.raises(BrokenFrame, match="no frame"):
        received(b"EHLO gw.example.com\r\n")


@pytest.mark.parametrize(
    "content", [b"[1]", b"1", b"null", b"{", b'{"a": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000]
)
def test_what_is_no_json_object_is_refused(content):
    with pytest.raises(BrokenFrame):
        received(b"J" + len(content).to_bytes(4) + content)


def test_a_frame_larger_than_the_bound_is_not_sent():
    with pytest.raises(ValueError, match="larger"):
        encode(Raw(bytes(RAW_LIMIT + 1)))


def test_sending_to_one_who_left_is_a_peer_that_went_away():
    ours, theirs = socket.socketpair()
    theirs.close()

    with ours, pytest.raises(PeerGone):
        send(ours, {"a": 1})


def test_json_travels_as_utf_8_without_escapes():
    assert "zürich".encode() in encode({"name": "zürich"})
    assert json.loads(encode({"name": "zürich"})[5:]) == {"name": "zürich"}


@given(st.lists(st.binary(max_size=60), max_size=60), st.integers(1, 100))
def test_blocks_keep_lines_whole_and_in_order(lines, limit):
    gathered = list(blocks((line.replace(b"\n", b"") + b"\n" for line in lines), limit))

    assert b"".join(gathered) == b"".join(line.replace(b"\n", b"") + b"\n" for line in lines)
    assert all(block.endswith(b"\n") for block in gathered)
    assert all(len(block) <= limit or block.count(b"\n") == 1 for block in gathered)


def test_a_line_larger_than_a_frame_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        list(blocks([bytes(RAW_LIMIT + 1)]))


@given(st.binary(max_size=500), st.integers(1, 100))
def test_pieces_put_together_are_the_whole(data, limit):
    cut = list(pieces(data, limit))

    assert b"".join(cut) == data
    assert all(len(piece) <= limit for piece in cut)
