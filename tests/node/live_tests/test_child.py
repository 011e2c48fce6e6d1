"""The process of a live test: it is nobody, it is bounded, and an error of it says nothing but its kind."""

from __future__ import annotations

import itertools
import threading

import pytest
from tests.support.scripted_server import ScriptedServer, drip, lines

from sealgate.link.codec import to_json
from sealgate.link.live_tests import Way
from sealgate.node.live_tests.asking import CHILD
from sealgate.rehearsal.sealed import libraries, start_apart

NOBODY = [65534, 65534]
SHORT = {"connect": 2.0, "answer": 0.5, "whole": 1.0, "octets": 2000}
SECRET = "correct-horse-battery"
STATUS = ("Uid:", "Gid:", "Groups:", "CapEff:")


def done(**task):
    with start_apart(CHILD, {"account": NOBODY} | task, imported_from=libraries()) as running:
        return running.answer(60)


def look(port, **more):
    way = to_json(Way("127.0.0.1", port, helo="gw.example.com"))
    return done(work="look", way=way, name="127.0.0.1", address="127.0.0.1", recipient="", **more)


@pytest.mark.parametrize(
    "task",
    [
        {"work": "no such work", "password": SECRET},
        {"work": "log-in", "password": SECRET},
        {"work": "log-in", "password": SECRET, "way": {"host": SECRET, "unknown": SECRET}},
        {"work": "look", "way": SECRET},
    ],
    ids=["unknown work", "missing parts", "unknown parts", "no way"],
)
def test_an_error_of_the_program_says_its_kind_and_nothing_of_the_task(task):
    answer = done(**task)

    assert set(answer) == {"fault"}
    assert SECRET not in str(answer)


def test_while_it_talks_it_has_no_rights_and_bounds_on_everything():
    seen: dict[str, dict[str, list[str]]] = {}
    limits: list[str] = []

    def script(wire):
        from pathlib import Path

        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
                if CHILD in (status.parent / "cmdline").read_text() and "Uid:\t65534" in text:
                    seen["status"] = {row.split(":")[0] + ":": row.split(":")[1].split() for row in text.splitlines()}
                    limits.extend((status.parent / "limits").read_text().splitlines()[1:])
            except OSError:
                continue
        lines(wire, b"554 no\r\n")

    with ScriptedServer(script) as server:
        look(server.port)

    rows = {name: seen["status"][name] for name in STATUS}
    assert rows == {"Uid:": ["65534"] * 4, "Gid:": ["65534"] * 4, "Groups:": [], "CapEff:": ["0" * 16]}
    bounds = {row[:26].strip(): row[26:].split()[0] for row in limits}
    assert (bounds["Max file size"], bounds["Max core file size"], bounds["Max open files"]) == ("0", "0", "256")
    assert (bounds["Max cpu time"], bounds["Max address space"]) == ("30", str(2 << 30))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (lambda wire: lines(wire, b"220 " + b"x" * 1_000_000), "octets"),
        (lambda wire: lines(wire, b"220-more\r\n" * 100_000), "octets in all"),
        (lambda wire: lines(wire, b"\x16\x03\x01" * 100 + b"\n"), "does not speak SMTP"),
    ],
    ids=["a line without end", "lines without end", "another protocol"],
)
def test_a_server_that_breaks_the_rules_is_left_with_a_sentence(script, words):
    with ScriptedServer(script) as server:
        section = look(server.port, limits=SHORT)["done"]

    assert section["result"] == "bad"
    assert words in section["text"]


def test_a_server_that_drips_is_left_in_time():
    over = threading.Event()
    with ScriptedServer(drip(itertools.repeat(b"2"), 0.05, over)) as server:
        section = look(server.port, limits=SHORT)["done"]
    over.set()

    assert section["text"] == "Connected, but no whole answer came in time."
    assert [step["name"] for step in section["steps"]] == ["Connect", "Banner"]
