"""Header, MIME header, nested header and body checks: ordered rules of header_checks(5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PatternType(StrEnum):
    """The regular expression language of a rule."""

    PCRE = "pcre"
    REGEXP = "regexp"


@dataclass(frozen=True, slots=True)
class CheckRule:
    """One rule: `/pattern/flags ACTION text`, or `if`/`endif` (action `IF`, `IF!`, `ENDIF`).

    `name` is the row's key, given at creation (`1`, `2`, …). `pattern` stands without its delimiters. `negated`: the
    rule fires where the pattern does not match.
    """

    name: str
    pattern: str
    action: str
    text: str = ""
    flags: str = ""
    type: PatternType = PatternType.PCRE
    negated: bool = False
