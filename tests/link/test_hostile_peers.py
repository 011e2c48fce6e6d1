"""Anything may come over the socket: the server answers with a refusal or closes, and serves the next one."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgate import __version__
from sealgate.link import messages as m
from sealgate.link.bundle import Need
from sealgate.link.client import Node
from sealgate.link.framing import Raw, encode, receive
from sealgate.link.server import Server
from sealgate.link.verbs import VERBS
from sealgate.model.errors import NodeFailed, SealgateError

HELLO = m.Hello(__version__, m.FORMAT, "3.7.11", 1)
ASKER = {"name": "local:mallory", "source": "test", "rights": []}
SMALL = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
OPENINGS = st.fixed_dictionaries(
    {
        "format": st.just(m.FORMAT) | SMALL,
        "version": st.text(max_size=5),
        "verb": st.sampled_from(sorted(VERBS)) | SMALL,
        "asker": st.just(ASKER) | SMALL,
        "body": SMALL,
    }
)
FRAMES = st.builds(
    encode, st.dictionaries(st.text(max_size=5), SMALL, max_size=3) | st.builds(Raw, st.binary(max_size=50))
)


def judge(_question, talk):
    for _part, contents in talk.ask(Need(tables={"black": ""})):
        list(contents)
    return HELLO


@pytest.fixture(scope="module")
def served():
    faults: list[tuple[str, BaseException]] = []
    handlers: dict[str, Any] = dict.fromkeys(VERBS, lambda _question, _talk: m.Nothing())
    handlers |= {"hello": lambda _question, _talk: HELLO, "judge": judge}
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "agent.sock")
        server = Server(
            path,
            handlers,
            uids=frozenset({os.getuid()}),
            gid=os.getgid(),
            on_fault=lambda verb, fault: faults.append((verb, fault)),
        )
        thread = threading.Thread(target=server.serve)
        thread.start()
        yield path, faults
        server.close()
        thread.join(20)


def converse(path, data):
    """Send bytes, end, and return the frames that come back until the server closes."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(20)
        peer.connect(str(path))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
        frames = []
        with contextlib.suppress(NodeFailed):
            while (frame := receive(peer)) is not None:
                frames.append(frame)
        return frames


def still_serves(path):
    return Node(path, m.Asker("local:alice"), patience=20).hello() == HELLO


@given(st.binary(max_size=200))
@settings(max_examples=60)
def test_any_bytes_end_in_one_failure_and_the_server_serves_on(served, data):
    path, faults = served
    frames = converse(path, data)

    assert all(isinstance(frame, dict) and set(frame) <= {"failure", "alive", "answer"} for frame in frames)
    assert still_serves(path)
    assert faults == []


@given(OPENINGS, st.lists(FRAMES, max_size=3))
@settings(max_examples=120)
def test_any_opening_and_what_follows_is_answered_or_refused(served, opening, more):
    path, faults = served
    frames = converse(path, encode(opening) + b"".join(more))

    assert len([frame for frame in frames if isinstance(frame, dict) and {"answer", "failure"} & set(frame)]) <= 1
    assert still_serves(path)
    assert [fault for _, fault in faults if not isinstance(fault, SealgateError | OSError)] == []


@given(st.lists(FRAMES, max_size=6))
@settings(max_examples=60)
def test_any_frames_in_place_of_a_bundles_parts_are_refused(served, frames):
    path, _ = served
    opening = {
        "format": m.FORMAT,
        "version": "1",
        "verb": "judge",
        "asker": ASKER,
        "body": {"header": {}, "grade": "probe"},
    }
    answers = converse(path, encode(opening) + b"".join(frames))

    assert any(isinstance(frame, dict) and "failure" in frame for frame in answers) or answers == [
        {"need": {"tables": {"black": ""}, "chunks": [], "secrets": []}}
    ]
    assert still_serves(path)


def test_many_peers_that_say_nothing_do_not_keep_others_out(served):
    path, _ = served
    with contextlib.ExitStack() as silent:
        for _ in range(40):
            peer = silent.enter_context(socket.socket(socket.AF_UNIX))
            peer.connect(str(path))

        assert still_serves(path)
