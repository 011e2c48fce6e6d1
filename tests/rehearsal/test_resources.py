"""What a rehearsal needs of the machine, and how it is said that it is not there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sealgate.model.errors import Refused
from sealgate.rehearsal.resources import Needs, check, free_memory, free_processes
from sealgate.rehearsal.running import talkative
from sealgate.rehearsal.sealed import shortage

if TYPE_CHECKING:
    from pathlib import Path


def test_a_machine_that_has_enough_is_not_refused(tmp_path: Path) -> None:
    check(Needs(1, 1, 1), tmp_path / "not" / "made" / "yet")


def test_everything_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        check(Needs(1 << 60, 1 << 40, 1 << 60), tmp_path)

    text = str(refusal.value)
    assert all(word in text for word in ("memory", "processes", "disk", "Nothing was changed"))


def test_the_machine_tells_what_is_free() -> None:
    memory, processes = free_memory(), free_processes()

    assert memory is not None
    assert 0 < memory < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert processes is not None
    assert processes > 0


@pytest.mark.parametrize(
    "words",
    [
        "unshare: unshare failed: Cannot allocate memory",
        "fork: Resource temporarily unavailable",
        "RuntimeError: can't start new thread",
        "OSError: [Errno 28] No space left on device",
    ],
)
def test_a_lack_of_something_is_a_refusal_that_says_of_what(words: str) -> None:
    refusal = shortage(words)

    assert refusal is not None
    assert words in str(refusal)


@pytest.mark.parametrize("words", ["unshare failed: Operation not permitted", "", "KeyError: 'x'"])
def test_another_failure_is_none(words: str) -> None:
    assert shortage(words) is None


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("smtp inet n - n - - smtpd\n", "smtp inet n - n - - smtpd -v\n"),
        ("smtp inet n - n - - smtpd -o a=b\n", "smtp inet n - n - - smtpd -v -o a=b\n"),
        ("cleanup   unix  n  -  n  -  0  cleanup\n", "cleanup   unix  n  -  n  -  0  cleanup -v\n"),
        ("rewrite unix - - n - - trivial-rewrite\n", "rewrite unix - - n - - trivial-rewrite\n"),
        ("# smtp inet n - n - - smtpd\n", "# smtp inet n - n - - smtpd\n"),
        ("  -o smtpd_banner=smtpd\n", "  -o smtpd_banner=smtpd\n"),
    ],
)
def test_only_programs_that_decide_are_told_to_say_more(line: str, wanted: str) -> None:
    assert talkative(line) == wanted
