"""Rules of patterns are read as the real postmap reads them, whatever their delimiter."""

from __future__ import annotations

import os
import string
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.pattern_rules import PatternRule, parse_rule

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("pcre", "regexp")
RULES = [
    "/^abc/ OK", "{^abc{ OK", "{^abc} OK", "[^abc] OK", "(^abc) OK", "!/^abd/ OK", "!  |^abd| OK", "! /^abc/ OK",
    "!!/^abc/ OK", "!!!/^abd/ OK", "!#^abd# OK", "!m^abdm OK", "/^abc/OK", "/^abc/ii OK", "/^ABC/i OK", "/^ABC/ OK",
    "/^abc/i\tOK", "/a\\/?bc/ OK", "|a\\|*bc| OK", "/^abc OK", "//^abc/ OK", "\\^abc\\ OK", ",^abc, OK",
    "/[/]?abc/ OK", "\u00e9^abc\u00e9 OK", "/^a bc|abc/ OK", "~abc~ OK", "/^abc/i,OK",
]  # fmt: skip


def answer(kind: str, line: str, directory: Path) -> str:
    """Return what the real table says of the key `abc`."""
    (directory / "main.cf").touch()
    (directory / "table").write_text(f"{line}\n")
    for name in ("main.cf", "table"):
        os.utime(directory / name, (time.time() - 10,) * 2)  # Postfix waits for a file that is being written
    asked = ["postmap", "-c", str(directory), "-q", "abc", f"{kind}:{directory}/table"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def expected(line: str) -> str:
    """Return what the rule says of the key `abc`, as it was read."""
    from sealgate.rehearsal.examples import matches

    rule = parse_rule(line)
    if rule is None or set(rule.flags) - set("imx"):
        return ""
    return rule.result if matches(rule.pattern, rule.flags, "abc") != rule.negated else ""


@pytest.mark.parametrize("kind", KINDS)
def test_every_delimiter_is_read_as_postfix_reads_it(kind: str, tmp_path: Path) -> None:
    lines = [f"{char}abc{char} OK" for char in string.punctuation if char != "#"]

    assert [line for line in lines if answer(kind, line, tmp_path) != expected(line)] == []
    assert sum(parse_rule(line) is not None for line in lines) == 29


@pytest.mark.parametrize("kind", KINDS)
def test_rules_are_read_as_postfix_reads_them(kind: str, tmp_path: Path) -> None:
    assert [line for line in RULES if answer(kind, line, tmp_path) != expected(line)] == []


@pytest.mark.parametrize("line", ["abc OK", "1abc1 OK", "/abc OK", "", "!", "//", "é^abcé OK", "/a/ü OK"])
def test_what_is_no_rule_is_none(line: str) -> None:
    assert parse_rule(line) is None or line == "//"


def test_a_rule_has_its_parts() -> None:
    assert parse_rule(r"! |a\|b|ix REJECT  go away ") == PatternRule(
        negated=True, pattern=r"a\|b", flags="ix", result="REJECT  go away"
    )


@given(
    st.sampled_from([char for char in string.punctuation if char not in "!\\"]),
    st.text(string.ascii_letters + " .^$", min_size=1),
    st.sampled_from(["", "i", "imx"]),
    st.integers(0, 3),
)
def test_what_was_put_together_is_taken_apart(delimiter: str, pattern: str, flags: str, turned: int) -> None:
    inner = pattern.replace(delimiter, f"\\{delimiter}")

    rule = parse_rule(f"{'!' * turned}{delimiter}{inner}{delimiter}{flags} OK")

    assert rule == PatternRule(negated=turned % 2 == 1, pattern=inner, flags=flags, result="OK")
