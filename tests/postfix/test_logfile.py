"""Reading a log that grows, is rotated, or is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.postfix.logfile import LogFile, Position

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

lines = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1), max_size=60)


@pytest.fixture
def log(tmp_path: Path) -> LogFile:
    return LogFile(tmp_path / "mail.log")


def test_a_missing_log_is_an_empty_one(log: LogFile) -> None:
    assert log.end() == Position()
    assert log.since(Position()) == ([], Position())
    assert list(log.backwards()) == []


def test_only_what_was_added_is_given(log: LogFile) -> None:
    log.path.write_text("old\n")
    position = log.end()
    with log.path.open("a") as file:
        file.write("new\n")

    added, position = log.since(position)

    assert added == ["new"]
    assert log.since(position)[0] == []


def test_half_a_line_waits_for_its_other_half(log: LogFile) -> None:
    log.path.write_text("whole\nha")
    first, position = log.since(Position())
    with log.path.open("a") as file:
        file.write("lf\n")

    assert first == ["whole"]
    assert log.since(position)[0] == ["half"]


def test_the_last_lines_say_where_they_end(log: LogFile) -> None:
    log.path.write_text("one\ntwo\nthree\nha")
    found, position = log.last(2)
    with log.path.open("a") as file:
        file.write("lf\n")

    assert (found, log.part(position, 1000)[0]) == (["two", "three"], ["half"])


def test_of_a_large_log_only_its_end_is_read_for_the_last_lines(log: LogFile) -> None:
    log.path.write_text("".join(f"line {n}\n" for n in range(100)))

    assert log.last(50, limit=30)[0] == ["line 97", "line 98", "line 99"]


@pytest.mark.parametrize("limit", [7, 20, 1000])
@pytest.mark.parametrize("way", [LogFile.part, LogFile.since])
def test_parts_pass_over_nothing_when_the_log_is_rotated(
    log: LogFile, way: Callable[..., tuple[list[str], Position]], limit: int
) -> None:
    log.path.write_text("one\n")
    position = log.end()
    old, new = [f"old {n}" for n in range(9)], [f"new {n}" for n in range(9)]
    with log.path.open("a") as file:
        file.write("".join(f"{line}\n" for line in old))
    log.path.rename(log.path.with_name("mail.log.1"))
    log.path.write_text("".join(f"{line}\n" for line in new))

    found: list[str] = []
    while part := way(log, position, limit)[0]:
        found += part
        position = way(log, position, limit)[1]

    assert found == old + new


def test_after_rotation_the_rest_of_the_old_file_comes_first(log: LogFile) -> None:
    log.path.write_text("one\n")
    position = log.end()
    with log.path.open("a") as file:
        file.write("two\n")
    log.path.rename(log.path.with_name("mail.log.1"))
    log.path.write_text("three\n")

    assert log.since(position)[0] == ["two", "three"]


def test_a_log_that_was_emptied_is_read_from_its_start(log: LogFile) -> None:
    log.path.write_text("a long line that was there\n")
    position = log.end()
    log.path.write_text("new\n")

    assert log.since(position)[0] == ["new"]


def test_a_rotated_file_that_is_another_one_is_not_read(log: LogFile) -> None:
    log.path.write_text("one\n")
    position = log.end()
    log.path.rename(log.path.with_name("mail.log.2"))
    log.path.with_name("mail.log.1").write_text("foreign\n")
    log.path.write_text("new\n")

    assert log.since(position)[0] == ["new"]


def test_reading_backwards_stops_at_its_limit(log: LogFile) -> None:
    log.path.write_text("first\nsecond\nthird\n")

    assert list(log.backwards(limit=10)) == ["third"]


@given(lines)
def test_backwards_is_forwards_turned_round(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    log = LogFile(tmp_path_factory.getbasetemp() / "backwards.log")
    log.path.write_text("".join(f"{line}\n" for line in lines))

    assert list(log.backwards())[::-1] == lines


def test_lines_longer_than_a_block_are_whole_backwards(log: LogFile) -> None:
    long = "x" * 200_000
    log.path.write_text(f"a\n{long}\nb\n")

    assert list(log.backwards()) == ["b", long, "a"]


def test_until_gives_the_lines_before_a_position(log: LogFile) -> None:
    log.path.write_text("one\ntwo\n")
    position = log.end()
    with log.path.open("a") as file:
        file.write("three\n")

    assert log.until(position) == ["one", "two"]


def test_until_gives_whole_lines_of_the_last_bytes(log: LogFile) -> None:
    log.path.write_text("one\ntwo\nthree\n")

    assert log.until(log.end(), limit=10) == ["three"]


def test_until_goes_on_in_the_rotated_file_when_little_is_left(log: LogFile) -> None:
    log.path.with_name("mail.log.1").write_text("one\ntwo\n")
    log.path.write_text("three\n")

    assert log.until(log.end()) == ["one", "two", "three"]


def test_until_finds_a_position_in_a_file_that_was_rotated_since(log: LogFile) -> None:
    log.path.write_text("one\ntwo\n")
    position = log.end()
    log.path.rename(log.path.with_name("mail.log.1"))
    log.path.write_text("three\n")

    assert log.until(position) == ["one", "two"]


def test_until_gives_nothing_for_a_file_that_is_gone_or_never_was(log: LogFile) -> None:
    log.path.write_text("one\n")

    assert log.until(Position(1, 100)) == []
    assert log.until(Position()) == []


@given(lines, st.integers(1, 200))
def test_until_gives_the_last_of_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, all_lines: list[str], limit: int
) -> None:
    log = LogFile(tmp_path_factory.mktemp("log") / "mail.log")
    log.path.write_text("".join(f"{line}\n" for line in all_lines), encoding="utf-8")
    found = log.until(log.end(), limit)

    assert found == (all_lines[-len(found) :] if found else [])


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\r"])
def test_what_a_client_sends_makes_no_line_of_its_own(tmp_path: Path, end: str) -> None:
    """Postfix logs these as they come where SMTPUTF8 is on, and `str.splitlines` would end a line at each."""
    line = f"Nov 23 04:12:10 gw sealgate/smtpd[9]: warning: command: GET {end}Nov 23 04:12:10 gw x/smtpd[1]: fatal: y"
    path = tmp_path / "mail.log"
    path.write_bytes(f"{line}\nnext\n".encode())
    log = LogFile(path)

    assert log.since(Position())[0] == [line, "next"]
    assert log.last(2)[0] == [line, "next"]
    assert log.until(log.end()) == [line, "next"]
    assert list(log.backwards()) == ["next", line]
