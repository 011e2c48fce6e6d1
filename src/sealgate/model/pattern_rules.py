r"""Rules of tables of patterns, as pcre_table(5) and regexp_table(5) have them: `/pattern/flags result`.

The delimiter is any ASCII character but a letter, a digit, white space, a backslash and `!`; the same one ends the
pattern, and brackets do not pair. In the pattern a backslash takes the next character along. `!` before it turns the
rule round, and twice so back again; behind it Postfix takes a letter or digit as delimiter too. Case does not count
unless the flag `i` turns that off. Nothing is judged here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BLOCK = re.compile(r"(if)\s*(!?\s*\S.*)|(endif)\b.*", re.IGNORECASE | re.DOTALL)
"""The begin of a block (1) with its condition (2), or its end (3)."""
_RULE = re.compile(
    r"""(?P<not>(?:!\s*)+)?((?(not)["-\[\]-~]|["-/:-@\[\]-`{-~]))(?P<pattern>(?:\\.|(?!\2)[^\\])*)\2"""
    r"(?P<flags>[A-Za-z]*)(?:\s+(?P<result>.*))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class PatternRule:
    """One rule, or the condition of a block; `result` is empty where nothing stands behind the pattern."""

    negated: bool
    pattern: str
    flags: str
    result: str


def parse_rule(line: str) -> PatternRule | None:
    """Read a logical line; None for what is no rule."""
    found = _RULE.fullmatch(line)
    if found is None:
        return None
    negated = (found["not"] or "").count("!") % 2 == 1
    return PatternRule(negated, found["pattern"], found["flags"], (found["result"] or "").strip())
