"""How far back a place in the log may lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgate.node.mail import within_reach
from sealgate.postfix.logfile import LogFile, Position

if TYPE_CHECKING:
    from pathlib import Path

LINE = "x" * 9 + "\n"


@pytest.fixture
def log(tmp_path: Path) -> LogFile:
    """A log of a hundred bytes, and as many in the file that was rotated."""
    found = LogFile(tmp_path / "mail.log")
    found.path.write_text(LINE * 10)
    found.path.with_name("mail.log.1").write_text(LINE * 10)
    return found


def rotated(log: LogFile) -> int:
    return LogFile(log.path.with_name("mail.log.1")).end().inode


def test_a_place_near_the_end_stays(log: LogFile) -> None:
    near = Position(log.end().inode, 50)

    assert within_reach(log, near, 50) == near


@pytest.mark.parametrize("offset", [0, 49, 1000])
def test_a_place_too_far_back_becomes_the_last_bytes(log: LogFile, offset: int) -> None:
    inode = log.end().inode

    assert within_reach(log, Position(inode, offset), 50) == Position(inode, 50)


def test_a_place_in_a_file_that_is_gone_becomes_the_last_bytes(log: LogFile) -> None:
    assert within_reach(log, Position(1, 5), 50) == Position(log.end().inode, 50)


@pytest.mark.parametrize(("offset", "furthest", "left"), [(70, 130, 70), (0, 130, 70), (0, 200, 0)])
def test_a_place_in_the_rotated_file_counts_with_what_was_written_since(
    log: LogFile, offset: int, furthest: int, left: int
) -> None:
    assert within_reach(log, Position(rotated(log), offset), furthest) == Position(rotated(log), left)


def test_a_place_in_the_rotated_file_may_become_one_in_the_new_file(log: LogFile) -> None:
    assert within_reach(log, Position(rotated(log), 90), 40) == Position(log.end().inode, 60)
