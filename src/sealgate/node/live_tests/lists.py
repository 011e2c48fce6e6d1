"""The test entries of a DNS list: what must be listed is, and what must not be is not (RFC 5782 §5).

A list of addresses has 127.0.0.2 and not 127.0.0.1 (and, where it knows IPv6, ::ffff:127.0.0.2); a list of domains has
`test` and not `invalid`. Answers 127.255.255.x come from lists that do not want to be asked by this name server; an
answer outside 127.0.0.0/8 is no list's at all. The row's filter is held against the answer as Postfix would.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from sealgate.link.live_tests import Result, Section, Step, worst
from sealgate.model.rbl import counts

if TYPE_CHECKING:
    from sealgate.node.live_tests.names import Answer, Names

_BLOCKED = ipaddress.ip_network("127.255.255.0/24")
_MEANINGS = {
    "127.255.255.252": "the list's name is mistyped",
    "127.255.255.254": "it was asked through a public or open name server",
    "127.255.255.255": "it was asked too often",
}
_RESOLVER = "Run a name server on this machine or network that asks by itself, or register with the list's operator."


def look(names: Names, zone: str, answers: str, *, domains: bool) -> Section:
    """Ask a list for its test entries."""
    listed, free, title = ("test", "invalid", "the domain test") if domains else ("2.0.0.127", "1.0.0.127", "127.0.0.2")
    other = "the domain invalid" if domains else "127.0.0.1"
    sixth = ipaddress.ip_address("::ffff:127.0.0.2").reverse_pointer.removesuffix(".ip6.arpa")
    questions = [(f"{listed}.{zone}", "A"), (f"{free}.{zone}", "A"), (f"{listed}.{zone}", "TXT")]
    found = names.ask_all(questions + ([] if domains else [(f"{sixth}.{zone}", "A")]))
    steps = [_listed(found[0], title, answers, domains=domains), _free(found[1], other), _reason(found[2])]
    if not domains:
        steps.append(_sixth(found[3]))
    text, remedy = _conclusion(steps, found, zone, answers)
    return Section(zone, worst(tuple(step.result for step in steps)), text, remedy, tuple(steps))


def _step(name: str, result: Result, text: str, answer: Answer) -> Step:
    facts = {"answer": ", ".join(answer.values), "time to live": f"{answer.ttl} s"} if answer.values else {}
    return Step(name, result, text, (f"{answer.name} {answer.kind}: {answer.words}",), facts, answer.seconds)


def _listed(answer: Answer, title: str, filter_: str, *, domains: bool) -> Step:
    name = f"{title} must be listed"
    if answer.fault:
        return _step(name, Result.BAD, f"No answer: {answer.fault}.", answer)
    if answer.missing:
        result = Result.DOUBT if domains else Result.BAD
        return _step(name, result, "It is not listed, so this is no working list, or its name is wrong.", answer)
    if blocked := [value for value in answer.values if _is_blocked(value)]:
        meaning = _MEANINGS.get(blocked[0], "the list does not answer to this name server")
        return _step(name, Result.BAD, f"The list refuses to answer: {meaning}.", answer)
    if strange := [value for value in answer.values if not value.startswith("127.")]:
        return _step(name, Result.BAD, f"The answer {strange[0]} is no answer of a DNS list.", answer)
    if not any(counts(filter_, value) for value in answer.values):
        text = f"It is listed, but the row counts only {filter_}, and the answer is {', '.join(answer.values)}."
        return _step(name, Result.DOUBT, text, answer)
    return _step(name, Result.GOOD, f"Listed, with {', '.join(answer.values)}.", answer)


def _free(answer: Answer, title: str) -> Step:
    name = f"{title} must not be listed"
    if answer.fault:
        return _step(name, Result.BAD, f"No answer: {answer.fault}.", answer)
    if answer.values:
        return _step(name, Result.BAD, "It is listed: everything would be.", answer)
    return _step(name, Result.GOOD, "Not listed.", answer)


def _reason(answer: Answer) -> Step:
    if answer.values:
        return _step("reason (TXT)", Result.NOTE, f"The list says: {answer.values[0]}", answer)
    return _step("reason (TXT)", Result.NOTE, "The list gives no reason.", answer)


def _sixth(answer: Answer) -> Step:
    name = "IPv6 (::ffff:127.0.0.2)"
    if answer.values and not any(_is_blocked(value) for value in answer.values):
        return _step(name, Result.NOTE, "The list knows IPv6 addresses.", answer)
    return _step(name, Result.NOTE, "The list seems to know no IPv6 addresses.", answer)


def _is_blocked(value: str) -> bool:
    try:
        return ipaddress.ip_address(value) in _BLOCKED
    except ValueError:
        return False


def _conclusion(steps: list[Step], found: list[Answer], zone: str, filter_: str) -> tuple[str, str]:
    first, second = steps[0], steps[1]
    if any(_is_blocked(value) for answer in found for value in answer.values):
        return f"{zone} refuses to answer this gateway: {first.text.partition(': ')[2]}", _RESOLVER
    if found[0].fault:
        return f"{zone} cannot be asked: {found[0].fault}.", "Check the name, and the name servers of this machine."
    if second.result is Result.BAD and found[1].values:
        return f"{zone} lists everything: it would refuse all mail.", "Remove or disable the row: the list may be gone."
    if first.result is Result.BAD:
        return (
            f"{zone} does not work: {first.text}",
            "Check the name; if it is right, the list is gone: remove the row.",
        )
    if found[0].missing:
        return (
            f"{zone} has no entry test: it may be no list of domains.",
            "Check its documentation; some such lists have test names of their own.",
        )
    works = first.result is not Result.DOUBT
    return (
        (f"{zone} works.", "")
        if works
        else (
            f"{zone} answers, but not with what the row counts ({filter_}).",
            "Many lists answer 127.0.0.2 to the test entry only; check the filter in the list's documentation.",
        )
    )
