"""Questions and answers over a real Unix socket."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from tests.support.link_server import ALICE, HELLO, serving

from sealgate.link import messages as m
from sealgate.link.client import Node
from sealgate.link.codec import to_json
from sealgate.link.framing import JSON_LIMIT, Raw, encode, receive
from sealgate.model.errors import NodeFailed, NodeUnreachable, NotPermitted, Refused


def test_a_question_gets_its_typed_answer(path):
    with serving(path, {"hello": lambda _q, _c: HELLO}) as node:
        assert node.hello() == HELLO


def test_the_handler_knows_who_asks_and_from_which_user(path):
    seen = []

    def hello(_question, talk):
        seen.append((talk.asker, talk.peer.uid, talk.peer.pid))
        return HELLO

    with serving(path, {"hello": hello}) as node:
        node.hello()

    assert seen == [(ALICE, os.getuid(), os.getpid())]


def test_values_of_the_question_arrive_typed(path):
    seen = []

    def apply(question, _talk):
        seen.append(question)
        return m.Outcome(m.State.CONFIRMED, 7, "r", "done")

    question = m.Apply("d" * 64, 7, "why", keep_for=600)
    with serving(path, {"apply": apply}) as node:
        node.apply(question)

    assert seen == [question]


def test_progress_is_reported_in_order(path):
    def rollback(_question, talk):
        talk.progress("first", 1, 2)
        talk.progress("second", 2, 2)
        return m.Outcome(m.State.CONFIRMED, 1, "r", "done")

    heard: list[m.Progress] = []
    with serving(path, {"rollback": rollback}) as node:
        node.rollback(progress=heard.append)

    assert heard == [m.Progress("first", 1, 2), m.Progress("second", 2, 2)]


def test_a_refusal_arrives_as_the_same_exception(path):
    def confirm(_question, _talk):
        raise Refused("Nothing is on watch.")

    with serving(path, {"confirm": confirm}) as node, pytest.raises(Refused, match=r"Nothing is on watch\."):
        node.confirm()


def test_a_fault_nobody_planned_is_told_to_the_log_and_not_to_the_asker(path):
    faults: list[tuple[str, BaseException]] = []

    def status(_question, _talk):
        raise ZeroDivisionError("secret detail")

    with serving(path, {"status": status}, faults=faults) as node, pytest.raises(NodeFailed) as failure:
        node.status()

    assert "secret detail" not in str(failure.value)
    assert [(verb, type(error)) for verb, error in faults] == [("status", ZeroDivisionError)]


@pytest.mark.parametrize("version", ["x" * (JSON_LIMIT + 1), "\udc80"])
def test_an_answer_that_fits_no_frame_is_told_as_a_failure(path, version):
    faults: list[tuple[str, BaseException]] = []
    hello = m.Hello(version, m.FORMAT, "", 1)
    with serving(path, {"hello": lambda _q, _c: hello}, faults=faults) as node, pytest.raises(NodeFailed) as caught:
        node.hello()

    assert type(caught.value) is NodeFailed
    assert [verb for verb, _ in faults] == ["answer"]


def test_the_server_answers_after_a_handler_failed(path):
    answers = iter([ZeroDivisionError(), None])

    def hello(_question, _talk):
        if error := next(answers):
            raise error
        return HELLO

    with serving(path, {"hello": hello}) as node:
        with pytest.raises(NodeFailed):
            node.hello()

        assert node.hello() == HELLO


def test_a_user_who_is_not_listed_is_refused(path):
    with (
        serving(path, {"hello": lambda _q, _c: HELLO}, uids=frozenset({4242})) as node,
        pytest.raises(NotPermitted, match="may not speak with the agent"),
    ):
        node.hello()


def test_a_user_who_is_not_listed_hears_why_whatever_was_asked(path):
    """The question is taken before the refusal: closing on bytes that nobody read could lose the words."""
    much = {f"maps.d/hash-{number}.map": "0" * 64 for number in range(5000)}
    with serving(path, {"hello": lambda _q, _c: HELLO}, uids=frozenset({4242})) as node:
        for _ in range(20):
            with pytest.raises(NotPermitted, match="may not speak with the agent"):
                node.adopt(much)


def test_a_stranger_who_asks_nothing_is_refused_soon(path):
    with serving(path, {"hello": lambda _q, _c: HELLO}, uids=frozenset({4242})), socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(20)
        peer.connect(str(path))
        frame = receive(peer)

    assert "may not speak" in str(frame)


def test_another_format_is_refused_and_says_which_side_has_which(path):
    with serving(path, {"hello": lambda _q, _c: HELLO}):
        newer = Node(path, ALICE, version=m.FORMAT + 1)

        with pytest.raises(Refused, match=rf"speaks format {m.FORMAT}; the question is .* in format {m.FORMAT + 1}"):
            newer.hello()


def test_a_verb_that_the_agent_does_not_serve_is_refused(path):
    with serving(path, {}) as node, pytest.raises(Refused, match="knows no verb 'status'"):
        node.status()


def test_no_agent_is_one_sentence_that_says_what_to_do(path):
    with pytest.raises(NodeUnreachable, match=r"does not answer at .*\. The draft is safe"):
        Node(path, ALICE).hello()


def test_an_agent_that_went_away_is_unreachable(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def leave():
            listener.accept()[0].close()

        closer = threading.Thread(target=leave)
        closer.start()

        with pytest.raises(NodeUnreachable):
            Node(path, ALICE).hello()
        closer.join()


def test_an_agent_that_hangs_is_unreachable_after_the_callers_patience(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        with pytest.raises(NodeUnreachable, match="no sign of life"):
            Node(path, ALICE, patience=0.2).hello()


def test_another_program_on_the_socket_is_told_as_such(path):
    def speak():
        connection = listener.accept()[0]
        with connection, contextlib.suppress(ConnectionResetError):
            connection.sendall(b"220 mail.example.com ESMTP\r\n")
            while connection.recv(1 << 16):
                pass

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        speaker = threading.Thread(target=speak)
        speaker.start()

        with pytest.raises(NodeUnreachable, match="no agent of Sealgate"):
            Node(path, ALICE).hello()
        speaker.join()


def test_a_long_work_shows_signs_of_life(path):
    """The caller's patience is about silence, not about length."""
    silence = threading.Event()

    def hello(_question, talk):
        for _ in range(3):
            silence.wait(0.5)
            talk.send({"alive": True})
        return HELLO

    with serving(path, {"hello": hello}):
        assert Node(path, ALICE, patience=1.2).hello() == HELLO


def test_the_socket_is_for_its_group_only(path):
    with serving(path, {}):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert path.stat().st_gid == os.getgid()


def test_the_socket_is_gone_after_closing(path):
    with serving(path, {}):
        pass

    assert list(path.parent.iterdir()) == []


def test_a_new_server_takes_over_the_socket_of_one_that_was_killed(path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    with serving(path, {"hello": lambda _q, _c: HELLO}) as node:
        assert node.hello() == HELLO


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"J\xff\xff\xff\xff",
        encode(Raw(b"x")),
        encode({"format": m.FORMAT}),
        encode({"format": m.FORMAT, "version": 1, "verb": [], "asker": {}, "body": 0}),
        encode({"format": m.FORMAT, "version": "1", "verb": "hello", "asker": to_json(ALICE), "body": {"a": 1}}),
        encode({"format": {"a": []}, "version": "1"}),
    ],
)
def test_garbage_hurts_nobody_else(path, garbage):
    with serving(path, {"hello": lambda _q, _c: HELLO}) as node:
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(str(path))
            rude.sendall(garbage)
            rude.shutdown(socket.SHUT_WR)
            rude.settimeout(20)
            frame = receive(rude)

        assert isinstance(frame, dict)
        assert "failure" in frame
        assert node.hello() == HELLO


def test_questions_are_answered_beside_each_other(path):
    waiting, go_on = threading.Event(), threading.Event()

    def rollback(_question, _talk):
        waiting.set()
        go_on.wait(20)
        return m.Outcome(m.State.CONFIRMED, 1, "r", "done")

    with serving(path, {"rollback": rollback, "hello": lambda _q, _c: HELLO}) as node:
        slow = threading.Thread(target=node.rollback)
        slow.start()
        assert waiting.wait(20)

        assert node.hello() == HELLO
        go_on.set()
        slow.join(20)


def test_an_asker_who_leaves_does_not_stop_the_work(path):
    started, finished = threading.Event(), threading.Event()

    def apply(_question, talk):
        started.set()
        deadline = time.monotonic() + 20
        while not talk.gone() and time.monotonic() < deadline:
            time.sleep(0.01)
        talk.progress("still at it")
        finished.set()
        return m.Outcome(m.State.CONFIRMED, 1, "r", "done")

    with serving(path, {"apply": apply}):
        impatient = Node(path, ALICE, patience=0.2)
        with pytest.raises(NodeUnreachable):
            impatient.apply(m.Apply("d", 1))

        assert started.is_set()
        assert finished.wait(20)


def test_another_users_process_is_known_by_its_own_uid():
    """The kernel tells the uid of the process that connected, whatever it claims."""
    seen: list[int] = []

    def hello(_question, talk):
        seen.append(talk.peer.uid)
        return HELLO

    program = (
        "import os, sys; from pathlib import Path\n"
        "from sealgate.link.client import Node; from sealgate.link.messages import Asker\n"
        "os.setuid(65534)\n"
        "Node(Path(sys.argv[1]), Asker('local:root')).hello()\n"
    )
    with tempfile.TemporaryDirectory() as public:
        Path(public).chmod(0o755)
        path = Path(public, "agent.sock")
        with serving(path, {"hello": hello}, uids=frozenset({0, 65534})):
            path.chmod(0o666)
            subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=60)

    assert seen == [65534]
