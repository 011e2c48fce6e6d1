"""What is longer than a message: the parts of a bundle that the agent asks for, items one by one, contents of files."""

from __future__ import annotations

import os

import pytest
from tests.support.link_server import serving

from sealgate.link import messages as m
from sealgate.link import upkeep as u
from sealgate.link.bundle import Header, Need, Offer, SentRow
from sealgate.link.conversation import rows_of, whole
from sealgate.model.errors import NodeUnreachable, Refused


class SmallBundle:
    """Three rows, a chunk and a secret."""

    header = Header("d" * 64, {"black": Offer("t" * 64, 3, ("b" * 64,))})

    def rows(self, noun):
        yield from (SentRow(f"{noun}-{i}", {"pattern": "10.0.0.1"}) for i in range(3))

    def delta(self, noun, base):
        yield SentRow(f"{noun} since {base}", None)

    def chunk(self, digest):
        return b"chunk " + digest.encode() + bytes(3 * 1024 * 1024)

    def secret(self, name):
        return b"sealed " + name.encode()


def asking(*needs):
    got = []

    def judge(_question, talk):
        for need in needs:
            for part, contents in talk.ask(need):
                got.append((part.kind, part.name, whole(contents) if part.kind != "rows" else list(rows_of(contents))))
        return m.Report("d" * 64, "r", m.Grade.PROBE, passed=True, findings=(), seconds=0.1)

    return judge, got


def test_the_agent_gets_the_parts_that_it_asks_for(path):
    judge, got = asking(Need(tables={"black": ""}), Need(chunks=("c1",), secrets=("s1",)))
    with serving(path, {"judge": judge}) as node:
        report = node.judge(SmallBundle())

    assert report.passed
    assert got[0] == ("rows", "black", list(SmallBundle().rows("black")))
    assert [entry[:2] for entry in got[1:]] == [("chunk", "c1"), ("secret", "s1")]
    assert got[1][2] == SmallBundle().chunk("c1")


def test_a_delta_is_given_from_the_base_that_was_asked_for(path):
    judge, got = asking(Need(tables={"black": "b" * 64}))
    with serving(path, {"judge": judge}) as node:
        node.judge(SmallBundle())

    assert got[0][:2] == ("delta", "black")
    assert b"since " + b"b" * 64 in got[0][2]


def test_a_part_that_the_agent_does_not_read_is_skipped_whole(path):
    seen: list[str] = []

    def judge(_question, talk):
        seen.extend(part.name for part, _ in talk.ask(Need(chunks=("c1", "c2"))))
        return m.Report("d", "r", m.Grade.PROBE, passed=True, findings=(), seconds=0.1)

    with serving(path, {"judge": judge}) as node:
        node.judge(SmallBundle())

    assert seen == ["c1", "c2"]


def test_an_agent_that_refuses_in_the_middle_of_the_parts_is_heard(path):
    class Endless(SmallBundle):
        def rows(self, noun):
            yield from (SentRow(str(i), {"pattern": "x" * 1000}) for i in range(200_000))

    def judge(_question, talk):
        for _part, contents in talk.ask(Need(tables={"black": ""})):
            next(contents)
            raise Refused("There are more rows than announced.")

    with serving(path, {"judge": judge}) as node, pytest.raises((Refused, NodeUnreachable)):
        node.judge(Endless())


def test_many_items_stream_one_by_one(path):
    def queue_list(_question, talk):
        for i in range(1000):
            talk.item(u.QueueMessage(f"{i:010X}", "deferred", i, 1, "a@b.example", (u.QueueRecipient("c@d.example"),)))
        return u.Count(1000)

    with serving(path, {"queue-list": queue_list}) as node:
        assert [message.arrival for message in node.queue_list()] == list(range(1000))


def test_a_files_content_comes_whole(path):
    content = os.urandom(3_000_000)

    def live_file(question, talk):
        talk.content(content)
        return u.FileInfo(question.name, len(content), "")

    with serving(path, {"live-file": live_file}) as node:
        assert node.live_file("main.cf") == content
