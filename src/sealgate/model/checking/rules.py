r"""Header and body checks: rules that Postfix would take, but that do not do what they say.

Whether a pattern compiles is asked of the real postmap. Here it is about order and shape: blocks, rules that are never
reached, blanks that miss folded headers, patterns that never end, and filters that lead mail past the MPA.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgate.model.backtracking import is_slow
from sealgate.model.checking.routing import MOST, limited
from sealgate.model.checks import BLOCKS, SINCE, CheckRule, PatternType
from sealgate.model.findings import Finding, Place, error, note, warning
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.context import CheckContext
    from sealgate.model.desired import DesiredState
    from sealgate.model.objects import Row

NOUNS_OF_RULES = ("header-check", "mime-header-check", "nested-header-check", "body-check")
_MATCHES_ALL = frozenset({"^", "$", ".*", "^.*", "^.*$", ".*$", ".", "^.", "(.*)", "^(.*)$", ".?", "^.?"})
_CLASS_OR_ESCAPE = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:[a-z]+:\]|[^\]\\])*\]|( +)", re.DOTALL)


def check_rules(desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    """Give the findings about the four lists of checks."""
    for noun in NOUNS_OF_RULES:
        rows: list[Row[CheckRule]] = [row for row in desired.rows.rows(noun) if row.enabled]
        yield from _blocks(noun, rows)
        yield from limited(_unreachable(noun, rows), MOST)
        for row in rows:
            yield from _shape(Place(noun, row.key), row.value, context, folded=noun != "body-check")


def _blocks(noun: str, rows: list[Row[CheckRule]]) -> Iterator[Finding]:
    open_rows: list[Row[CheckRule]] = []
    for row in rows:
        if open_rows and row.value.type is not open_rows[-1].value.type:
            yield error(
                "check-block-mixed",
                Place(noun, row.key),
                f"The rule is {row.value.type} inside a block of {open_rows[-1].value.type}.",
                "Postfix keeps the two languages in different tables, so the block would fall apart.",
                "Use one language within a block.",
            )
        if row.value.action == "IF":
            open_rows.append(row)
        elif row.value.action == "ENDIF" and not open_rows:
            yield error(
                "check-block-not-begun", Place(noun, row.key), "This endif has no if before it.", "", "Remove it."
            )
        elif row.value.action == "ENDIF":
            open_rows.pop()
    for row in open_rows:
        yield error(
            "check-block-not-ended",
            Place(noun, row.key),
            f"The block {row.value.line!r} has no endif.",
            "It would swallow every rule after it.",
            "Add an endif after the last rule of the block.",
        )


def _unreachable(noun: str, rows: list[Row[CheckRule]]) -> Iterator[Finding]:
    seen: list[dict[tuple[object, ...], str]] = [{}]
    for row in rows:
        rule = row.value
        if rule.action == "IF":
            seen.append({})
        elif rule.action == "ENDIF":
            if len(seen) > 1:
                seen.pop()
        else:
            shape = (rule.pattern, "".join(sorted(rule.flags)), rule.negated)
            before = next((level[key] for level in seen for key in ((None,), shape) if key in level), None)
            if before is not None:
                yield warning(
                    "check-never-reached",
                    Place(noun, row.key),
                    f"The rule is never reached: rule {before} already decides whatever it matches.",
                    "The first rule that matches counts.",
                    "Change the order, or remove one of the two.",
                )
            seen[-1].setdefault(shape, row.key)
            if not rule.negated and rule.pattern in _MATCHES_ALL:
                seen[-1].setdefault((None,), row.key)


def _shape(place: Place, rule: CheckRule, context: CheckContext, *, folded: bool) -> Iterator[Finding]:
    if rule.action not in BLOCKS and context.postfix_version < SINCE[rule.action]:
        yield error(
            "check-action-too-new",
            place,
            f"{rule.action} needs Postfix {'.'.join(map(str, SINCE[rule.action]))}.",
            "The installed one accepts the mail and only logs.",
            "Use another action.",
        )
    if rule.action == "FILTER" and rule.text.partition(":")[0] not in _filters(context):
        yield error(
            "check-bypasses-mpa",
            place,
            f"FILTER {rule.text} sends the message around the mail processing agent.",
            "It would be neither encrypted nor signed nor checked.",
            "Use REDIRECT, HOLD or a transport, or let the filter be mpa.",
        )
    if rule.pattern and is_slow(rule.pattern, extended=_extended(rule)):
        yield warning(
            "check-slow-pattern",
            place,
            f"The pattern /{shown(rule.pattern)}/ can take very long: repetitions in it match the same text.",
            "Postfix gives up on it, and then the rule does not match.",
            "Write it so that what is repeated cannot be split in several ways.",
        )
    if folded and rule.pattern and (better := without_blanks(rule)) != rule.pattern:
        yield warning(
            "check-literal-blank",
            place,
            f"The pattern /{shown(rule.pattern)}/ has a blank in it, which does not match where a header is folded.",
            "A sender can break the line there, and the rule does not see it.",
            f"Write /{better}/{rule.flags}.",
        )
    if "i" in rule.flags:
        yield note(
            "check-flag-i",
            place,
            "The flag i switches to matching upper and lower case exactly.",
            "Patterns of Postfix ignore case by themselves, and i toggles that.",
            "Leave the flag out unless that is meant.",
        )


def _filters(context: CheckContext) -> frozenset[str]:
    return frozenset(key.partition("/")[0] for key in context.inner_services if key.endswith("/unix"))


def _extended(rule: CheckRule) -> bool:
    """Tell whether blanks in the pattern are ignored: flag x in PCRE."""
    return rule.type is PatternType.PCRE and "x" in rule.flags


def without_blanks(rule: CheckRule) -> str:
    r"""Return the pattern with each literal blank outside of brackets as `\s+` (`[[:space:]]+` in POSIX patterns)."""
    if _extended(rule):
        return rule.pattern
    space = r"\s+" if rule.type is PatternType.PCRE else "[[:space:]]+"
    return _CLASS_OR_ESCAPE.sub(lambda found: space if found[1] else found[0], rule.pattern)
