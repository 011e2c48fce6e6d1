"""Rules and tables mean to the real postmap what the model says: every accepted rule, and every fault of a line."""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.strategies import check_rules

from sealgate.model.checking.tables import line_findings
from sealgate.model.checks import PatternType
from sealgate.model.desired import DesiredState, MemoryRows
from sealgate.model.tables import table_of

if TYPE_CHECKING:
    from pathlib import Path

FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@pytest.fixture
def directory(tmp_path):
    main = tmp_path / "main.cf"
    main.touch()
    os.utime(main, (time.time() - 10,) * 2)
    return tmp_path


def postmap(directory: Path, *arguments: str) -> tuple[str, str]:
    told = subprocess.run(
        ["postmap", "-c", str(directory), *arguments], capture_output=True, text=True, check=False, errors="replace"
    )
    return told.stdout, told.stderr


def filled_in(text: str) -> str:
    """Return a rule's text as it is after `(a)(b)(c)` matched `abc`."""
    parts = {"1": "a", "2": "b", "3": "c"}
    found = re.compile(r"\$(?:(\$)|([0-9]+)|\{([0-9]+)\}|\(([0-9]+)\))")
    return found.sub(lambda m: "$" if m[1] else parts[m[2] or m[3] or m[4]], text)


@FIXTURE
@given(rule=check_rules())
def test_an_accepted_rule_acts_as_it_says(directory, rule):
    basic = rule.type is PatternType.REGEXP and "x" in rule.flags  # without extended syntax there are no groups
    flags = rule.flags.replace("x", "") if basic else rule.flags
    shown = replace(rule, pattern="^(a)(b)(c)" if not rule.negated else "^xyz", flags=flags)
    table = directory / "rules"
    table.write_text(f"{shown.line}\n")

    stdout, stderr = postmap(directory, "-q", "abc", f"{shown.type.value}:{table}")

    assert stderr == ""
    assert stdout.rstrip("\n") == f"{rule.action} {filled_in(rule.text)}".strip()


@FIXTURE
@given(rule=check_rules(), inside=check_rules())
def test_a_rule_in_a_block_is_one_line_of_its_own(directory, rule, inside):
    begin = replace(rule, action="IF", text="", pattern="^a", flags="", negated=False, type=PatternType.PCRE)
    end = replace(begin, action="ENDIF", pattern="")
    first = replace(inside, pattern="^b", flags="", negated=False, type=PatternType.PCRE, text="", action="DUNNO")
    table = directory / "rules"
    table.write_text(f"{begin.line}\n{first.line}\n{end.line}\n/^a/ WARN after\n")

    stdout, stderr = postmap(directory, "-q", "abc", f"pcre:{table}")

    assert (stdout, stderr) == ("WARN after\n", "")


def faults_of(kind: str, text: str) -> set[str]:
    table, chunks = table_of("t", kind, text)
    rows = MemoryRows(content=dict(chunks))
    return {finding.code for finding in line_findings(table, DesiredState(rows=rows))}


_CIDR = st.sampled_from(
    [
        "10.0.0.0/8 OK", "192.0.2.1 x", "2001:db8::/32 y", "!10.0.0.1 z", "# c", "", "   ", "if 10.0.0.0/8", "endif",
        "10.9 a", "10.0.0.1/8 b", "10.0.0.0/33 c", "300.1.1.1 d", "foo e", "10.1.1.1", "::1 \t f", "  continued",
    ]
)  # fmt: skip


@FIXTURE
@given(lines=st.lists(_CIDR, min_size=1, max_size=5).filter(lambda lines: not lines[0].startswith(" ")))
def test_a_cidr_table_has_faults_where_postfix_warns(directory, lines):
    text = "10.255.255.255 first\n" + "".join(f"{line}\n" for line in lines)
    table = directory / "table"
    table.write_text(text)

    _, stderr = postmap(directory, "-q", "203.0.113.9", f"cidr:{table}")

    assert bool(faults_of("cidr", text)) == bool(stderr), stderr


_INDEXED = st.sampled_from(
    ["a x", "b\ty", "A z", "lonely", "# c", "", "  continued", "   ", "c.example  smtp:[x]:25", "d", "e: alias"]
)


@FIXTURE
@given(lines=st.lists(_INDEXED, min_size=1, max_size=5))
def test_an_indexed_table_has_faults_where_postfix_warns(directory, lines):
    text = "".join(f"{line}\n" for line in lines)
    table = directory / "indexed"
    table.write_text(text)

    _, stderr = postmap(directory, f"lmdb:{table}")

    assert bool(faults_of("lmdb", text)) == bool(stderr), stderr


_PATTERNS = st.sampled_from(
    [
        "/a/ x", "!/b/ y", "/c/i z", "if /a/", "if !/a/", "endif", "/open x", "/d/", "/e/e x", "# c", "", "  continued",
        "word", "{f} x", "/g\\/h/ y", "/i/ # no comment",
    ]
)  # fmt: skip


@FIXTURE
@given(
    kind=st.sampled_from(["pcre", "regexp"]),
    lines=st.lists(_PATTERNS, min_size=1, max_size=5).filter(lambda lines: not lines[0].startswith(" ")),
)
def test_a_pattern_table_has_faults_where_postfix_warns(directory, kind, lines):
    text = "/first/ x\n" + "".join(f"{line}\n" for line in lines)
    table = directory / "patterns"
    table.write_text(text)

    _, stderr = postmap(directory, "-q", "nothing of it", f"{kind}:{table}")

    assert bool(faults_of(kind, text)) == bool(stderr), stderr
