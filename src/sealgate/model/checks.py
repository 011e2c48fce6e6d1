r"""Header, MIME header, nested header and body checks: ordered rules of header_checks(5).

A rule is typed as in the manual, `/pattern/flags ACTION text`, and kept in parts. The actions are an allow-list:
Postfix accepts mail with an unknown one and only logs. What stands between the slashes is kept byte for byte; a slash
within is written `\/`. Whether a pattern compiles is asked of the real postmap; what Postfix would skip without a word
is refused here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.names import MailAddress
from sealgate.model.objects import Column, Kind, Noun, at, choice, known_fields
from sealgate.model.text import hidden_character, one_line, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.model.objects import Fields

LONGEST_PATTERN = 4000
LONGEST_TEXT = 500
SINCE = {
    "REJECT": (2, 0), "WARN": (2, 0), "DISCARD": (2, 0), "HOLD": (2, 0), "REDIRECT": (2, 1), "FILTER": (2, 0),
    "PREPEND": (2, 1), "REPLACE": (2, 2), "STRIP": (3, 2), "IGNORE": (2, 0), "BCC": (3, 0), "INFO": (2, 8),
    "DUNNO": (2, 1), "PASS": (3, 2),
}  # fmt: skip
"""Every action with the first Postfix that knows it (header_checks(5))."""
BLOCKS = ("IF", "ENDIF")
_WITHOUT_TEXT = frozenset({"DUNNO", "IGNORE"})
_WITH_TEXT = frozenset({"REDIRECT", "FILTER", "PREPEND", "REPLACE", "BCC"})
_HEADER_LABEL = re.compile(r"[!-9;-~]+:", re.ASCII)
_SUBSTITUTION = re.compile(r"(?:[^$]|\$\$|\$[1-9][0-9]?(?![0-9A-Za-z_])|\$\{[1-9][0-9]?\}|\$\([1-9][0-9]?\))*")
_FILTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}:[A-Za-z0-9_.:/@\[\]-]*", re.ASCII)
_RULE = re.compile(r"(!?)\s*/((?:[^/\\]|\\.)*)/([A-Za-z]*)", re.DOTALL)


class PatternType(StrEnum):
    """The regular expression language of a rule."""

    PCRE = "pcre"
    REGEXP = "regexp"


FLAGS = {PatternType.PCRE: "imsxAEU", PatternType.REGEXP: "imx"}


@dataclass(frozen=True, slots=True)
class CheckRule:
    """One rule: `/pattern/flags ACTION text`, or a block's begin (`IF`) and end (`ENDIF`, without pattern).

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

    @property
    def typed_pattern(self) -> str:
        """The pattern as it is typed: `/pattern/flags`, with `!` before it when negated; empty for ENDIF."""
        return "" if self.action == "ENDIF" else f"{'!' if self.negated else ''}/{self.pattern}/{self.flags}"

    @property
    def line(self) -> str:
        """The rule as a line of the table that Postfix reads."""
        if self.action in BLOCKS:
            return f"{self.action.lower()} {self.typed_pattern}".strip()
        return f"{self.typed_pattern} {self.action}{' ' if self.text else ''}{self.text}"


_ACTION = Column(
    "action",
    "Action",
    "What happens to mail that matches: REJECT, WARN, DISCARD, HOLD, REDIRECT, FILTER, PREPEND, REPLACE, STRIP, IGNORE,"
    " BCC, INFO, DUNNO, PASS; IF and ENDIF enclose rules.",
    Kind.CHOICE,
    required=True,
    choices=(*SINCE, *BLOCKS),
    argument=True,
)
_TYPE = Column(
    "type", "Language", "pcre, or regexp for POSIX.", Kind.CHOICE, default="pcre", choices=tuple(PatternType)
)
_COLUMNS = (
    Column(
        "pattern",
        "Pattern",
        r"Between slashes, with flags after it and ! before it for “does not match”: /^Subject:\s+make money fast/.",
        argument=True,
    ),
    _ACTION,
    Column("text", "Text", "The reply, address, destination or line that the action takes.", argument=True),
    _TYPE,
    Column("name", "Name", "The rule's name among its kind; given when it is added."),
)


def parse_rule(fields: Mapping[str, Any], *, body: bool = False) -> CheckRule:
    """Read a rule; the text may follow the action in its field, as in a line of the table."""
    given = known_fields(fields, _COLUMNS)
    with at("action"):
        word, _, behind = one_line(given["action"], "The action", LONGEST_TEXT + 100).partition(" ")
        action, negated = word.upper(), word.endswith("!")
        action = choice(action.removesuffix("!") if action == "IF!" else action, _ACTION)
        if behind.strip() and given["text"]:
            raise InvalidValue.of("The text is given twice.", "Enter it in one place.")
    language = PatternType(choice(given["type"], _TYPE))
    with at("pattern"):
        sign, pattern, flags = _pattern(given["pattern"], action, language)
    with at("text"):
        text = _text(action, behind or given["text"], body=body)
        if sign and re.search(r"\$[^$]", text.replace("$$", "")):
            raise InvalidValue.of("A rule for what does not match has no parts to fill in.", "Write $ as $$.")
    with at("name"):
        name = one_line(given["name"], "The name", 20)
        if not (name.isascii() and name.isalnum()):
            raise InvalidValue.of(f"The name {shown(name)!r} is not possible.", "Use letters and digits.")
    return CheckRule(name, pattern, action, text, flags, language, negated=sign or negated)


def _pattern(typed: object, action: str, language: PatternType) -> tuple[bool, str, str]:
    text = typed.strip(" \t") if isinstance(typed, str) else typed
    if action == "ENDIF":
        if text:
            raise InvalidValue.of("ENDIF has no pattern.", "Leave it empty.")
        return False, "", ""
    if not isinstance(text, str) or not text:
        raise InvalidValue.of("The pattern is missing.", "Write it between slashes: /^Subject:/.")
    if len(text) > LONGEST_PATTERN:
        raise InvalidValue.of(f"The pattern has {len(text)} characters.", f"At most {LONGEST_PATTERN} are possible.")
    if found := hidden_character(text):
        raise InvalidValue.of(f"The pattern has {found}.", "Write it as an escape, such as \\t or \\x{200b}.")
    rule = _RULE.fullmatch(text)
    if not rule:
        raise InvalidValue.of(
            f"The pattern {shown(text)!r} does not stand between two slashes.",
            r"Write /pattern/ or /pattern/flags, and \/ for a slash within it.",
        )
    if not rule[2]:
        raise InvalidValue.of("The pattern is empty.", "To match every line write /^/.")
    for flag in rule[3]:
        if flag not in FLAGS[language]:
            raise InvalidValue.of(
                f"The flag {flag!r} is not known in {language} patterns.", f"Possible are: {' '.join(FLAGS[language])}."
            )
    return bool(rule[1]), rule[2], "".join(dict.fromkeys(rule[3]))


def _text(action: str, typed: object, *, body: bool) -> str:
    text = one_line(typed, "The text", LONGEST_TEXT)
    if text and (action in _WITHOUT_TEXT or action in BLOCKS):
        raise InvalidValue.of(f"{action} takes no text.", "Leave it empty.")
    if not text and action in _WITH_TEXT:
        raise InvalidValue.of(f"{action} needs a text.", f"Write {_EXAMPLES[action]}.")
    if action in {"REDIRECT", "BCC"}:
        return str(MailAddress.parse(text, f"The address after {action}"))
    if action == "FILTER":
        if not _FILTER.fullmatch(text):
            raise InvalidValue.of(f"{shown(text)!r} is no filter.", f"Write {_EXAMPLES[action]}.")
        return text
    if not _SUBSTITUTION.fullmatch(text):
        raise InvalidValue.of("There is a $ that Postfix cannot fill in.", "Write $1 for a part, and $$ for a dollar.")
    if action == "REJECT" and not text.isascii():
        raise InvalidValue.of("The text has letters outside ASCII.", "SMTP replies are ASCII (RFC 5321 §4.2).")
    if action in {"PREPEND", "REPLACE"} and not body and not _HEADER_LABEL.match(text):
        raise InvalidValue.of(f"The text after {action} is no header.", f"Write {_EXAMPLES[action]}.")
    return text


_EXAMPLES = {
    "REDIRECT": "an address: postmaster@example.com",
    "BCC": "an address: archive@example.com",
    "FILTER": "transport:destination, such as smtp:[192.0.2.1]:25",
    "PREPEND": "a header: X-Checked: yes",
    "REPLACE": "a header: Subject: checked",
}


def rule_fields(value: CheckRule) -> Fields:
    """Return the canonical form of a rule."""
    return {
        "pattern": value.typed_pattern,
        "action": value.action,
        "text": value.text,
        "type": value.type.value,
        "name": value.name,
    }


def _noun(name: str, title: str, *, body: bool = False) -> Noun[CheckRule]:
    return Noun(
        name=name,
        plural=f"{name}s",
        title=title,
        columns=_COLUMNS,
        parse=lambda fields: parse_rule(fields, body=body),
        fields=rule_fields,
        key=lambda value: value.name,
        tag=lambda value: value.action,
        ordered=True,
        numbered=True,
    )


HEADER_CHECK = _noun("header-check", "Header checks")
MIME_HEADER_CHECK = _noun("mime-header-check", "MIME header checks")
NESTED_HEADER_CHECK = _noun("nested-header-check", "Nested header checks")
BODY_CHECK = _noun("body-check", "Body checks", body=True)
