"""A conversation on the agent's side: what is said, what is asked for, what a peer that breaks off leaves behind."""

from __future__ import annotations

import socket
import threading

import pytest

from sealgate.link.bundle import Need, Part, SentRow, row_line
from sealgate.link.codec import to_json
from sealgate.link.conversation import Conversation, Peer, rows_of, whole
from sealgate.link.framing import RAW_LIMIT, BrokenFrame, PeerGone, Raw, encode, receive, send
from sealgate.link.messages import Asker
from sealgate.link.upkeep import Count
from sealgate.model.errors import InvalidValue

ROWS = {"part": to_json(Part("rows", "black"))}
CHUNK = {"part": to_json(Part("chunk", "ab"))}
DONE = {"done": True}
END = {"end": True}


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for end in (ours, theirs):
            end.settimeout(20)
        yield Conversation(ours, Peer(1, 2, 3), Asker("local:ann")), theirs


def say(theirs, *frames):
    for frame in frames:
        send(theirs, frame)


def asked(talk):
    return [(part, whole(contents)) for part, contents in talk.ask(Need({"black": ""}))]


def test_progress_says_how_far_the_work_is(ends):
    talk, theirs = ends
    talk.progress("reading", 3, 9)

    assert receive(theirs) == {"progress": {"text": "reading", "done": 3, "total": 9}}


def test_an_item_is_sent_as_json(ends):
    talk, theirs = ends
    talk.item(Count(4, "deleted"))

    assert receive(theirs) == {"item": {"count": 4, "text": "deleted"}}


def test_content_larger_than_a_frame_comes_in_pieces(ends):
    talk, theirs = ends
    data = bytes(range(256)) * (RAW_LIMIT // 256) + b"end"
    sender = threading.Thread(target=talk.content, args=(data,))
    sender.start()
    found = [receive(theirs), receive(theirs)]
    sender.join(20)

    assert found == [Raw(data[:RAW_LIMIT]), Raw(b"end")]


def test_empty_content_is_no_frame(ends):
    talk, theirs = ends
    talk.content(b"")
    talk.send(DONE)

    assert receive(theirs) == DONE


def test_an_asker_who_listens_is_not_gone(ends):
    talk, _ = ends

    assert not talk.gone()


def test_an_asker_who_said_something_is_not_gone(ends):
    talk, theirs = ends
    say(theirs, DONE)

    assert not talk.gone()


def test_an_asker_who_closed_is_gone(ends):
    talk, theirs = ends
    theirs.close()

    assert talk.gone()


def test_a_connection_that_is_closed_here_counts_as_gone():
    ours, theirs = socket.socketpair()
    ours.close()
    theirs.close()

    assert Conversation(ours, Peer(1, 2, 3), Asker("x")).gone()


def test_progress_to_one_who_left_does_not_stop_the_work(ends):
    talk, theirs = ends
    theirs.close()

    assert [talk.progress("on and on") for _ in range(3)] == [None] * 3


def test_an_item_to_one_who_left_is_told(ends):
    talk, theirs = ends
    theirs.close()
    with pytest.raises(PeerGone):
        talk.item(Count(1))


def test_a_frame_too_large_to_send_leaves_room_for_the_failure_that_says_so(ends):
    talk, theirs = ends
    with pytest.raises(ValueError, match="larger than"):
        talk.send(Raw(b"x" * (RAW_LIMIT + 1)))
    talk.send(DONE)

    assert receive(theirs) == DONE


def test_after_half_a_frame_nothing_more_is_sent(ends):
    talk, theirs = ends
    theirs.close()
    with pytest.raises(PeerGone):
        talk.content(b"x")
    with pytest.raises(PeerGone):
        talk.send(DONE)


def test_what_is_needed_is_said_first(ends):
    talk, theirs = ends
    say(theirs, END)
    asked(talk)

    assert receive(theirs) == {"need": {"tables": {"black": ""}, "chunks": [], "secrets": []}}


def test_parts_come_with_their_pieces(ends):
    talk, theirs = ends
    say(theirs, CHUNK, Raw(b"one "), Raw(b"two"), DONE, ROWS, DONE, END)

    assert asked(talk) == [(Part("chunk", "ab"), b"one two"), (Part("rows", "black"), b"")]


def test_pieces_that_nobody_reads_are_skipped(ends):
    talk, theirs = ends
    say(theirs, CHUNK, Raw(b"one"), Raw(b"two"), DONE, ROWS, Raw(b"three"), DONE, END)

    assert [part.kind for part, _ in talk.ask(Need())] == ["chunk", "rows"]


@pytest.mark.parametrize(
    "frames",
    [
        [Raw(b"x")],
        [{}],
        [DONE],
        [{"part": CHUNK["part"], "end": True}],
        [{"answer": {}}],
        [CHUNK, END],
        [CHUNK, ROWS],
        [CHUNK, Raw(b"x"), {"done": True, "more": 1}],
    ],
)
def test_something_else_than_the_parts_is_a_broken_frame(ends, frames):
    talk, theirs = ends
    say(theirs, *frames)
    with pytest.raises(BrokenFrame):
        asked(talk)


@pytest.mark.parametrize(
    "part", [None, [], {"kind": "rows"}, {"kind": "rows", "name": 1}, {"kind": "", "name": "", "x": 1}]
)
def test_a_part_that_is_none_is_refused(ends, part):
    talk, theirs = ends
    say(theirs, {"part": part})
    with pytest.raises(InvalidValue):
        asked(talk)


@pytest.mark.parametrize("frames", [[], [CHUNK], [CHUNK, Raw(b"x")], [CHUNK, Raw(b"x"), DONE]])
def test_a_peer_that_leaves_in_the_middle_of_a_bundle_is_told(ends, frames):
    talk, theirs = ends
    say(theirs, *frames)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(PeerGone):
        asked(talk)


def test_a_frame_cut_short_is_a_peer_that_left(ends):
    talk, theirs = ends
    theirs.sendall(encode(CHUNK)[:-1])
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(PeerGone, match="in the middle of a frame"):
        asked(talk)


def test_rows_are_read_over_all_pieces():
    rows = [
        SentRow("a", {"client": "10.0.0.1"}),
        SentRow("b", None),
        SentRow("c\r", {"x": "\u2028\x85"}, "said", False, 7),
    ]
    lines = [row_line(row) for row in rows]

    assert list(rows_of(iter([b"".join(lines[:2]), lines[2]]))) == rows


@pytest.mark.parametrize("block", [b"x\n", b"{}\n", b'["a",1]\n', b"\xff\n", b"\n"])
def test_a_line_that_is_no_row_is_refused(block):
    with pytest.raises(InvalidValue):
        list(rows_of(iter([block])))


def test_a_text_up_to_the_bound_is_taken():
    assert whole(iter([b"ab", b"cd"]), 4) == b"abcd"


def test_a_text_beyond_the_bound_is_not_gathered():
    with pytest.raises(BrokenFrame, match="more than 3 bytes"):
        whole(iter([b"ab", b"cd"]), 3)


def test_the_signs_of_life_end_with_the_work(ends):
    talk, _ = ends
    before = set(threading.enumerate())
    with talk.alive():
        assert {thread.name for thread in set(threading.enumerate()) - before} == {"alive"}

    assert not set(threading.enumerate()) - before
