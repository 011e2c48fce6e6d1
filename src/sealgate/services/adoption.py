"""A live file that somebody edited by hand, as changes of the draft: fields where it parses to a field, else own lines.

Pure: the state in force, what was rendered for it, and the live text go in; the changes come out, or what stands in the
way. Nothing is guessed. A changed value becomes the field it was rendered from if rendering with the new field gives
exactly the live value; every other definition becomes an own line, which takes the place of a generated one; what was
typed in the own part is kept as typed. At the end the whole is rendered again: only if it then says what the live file
says is it taken. What cannot be said that way (a generated value that was removed) is said in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.findings import Finding, Place, error
from sealgate.model.mta import SETTINGS
from sealgate.model.next_steps import Act, Step
from sealgate.model.own_text import logical_lines
from sealgate.model.parameters import OwnLines
from sealgate.render import render
from sealgate.render.own_lines import own_services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.desired import DesiredState
    from sealgate.model.own_text import LogicalLine
    from sealgate.render import NodeFacts

_HEADING = re.compile(r"^# Own lines, as typed .*$", re.MULTILINE)
_NEXT_HOP = re.compile(r"(?:smtp|relay):(\[)?([^\]\s]+?)(\])?(?::([0-9]+))?")


@dataclass(frozen=True, slots=True)
class Adopted:
    """What a live file means for the draft: settings to set, the own lines to keep (None: as they are), obstacles."""

    settings: dict[str, Any] = field(default_factory=dict)
    own: str | None = None
    findings: tuple[Finding, ...] = ()


def adopt_main(desired: DesiredState, node: NodeFacts, made: str, live: str) -> Adopted:
    """Return what a live main.cf means for the draft."""
    made_above, made_own = _parts(made)
    live_above, live_own = _parts(live)
    own = _own_text(desired.main_cf.text, made_own, live_own)
    before, now, mine = (_values(text) for text in (made_above, live_above, live_own))
    settings: dict[str, Any] = {}
    lines: list[str] = []
    state = replace(desired, main_cf=OwnLines(own))
    for name, line in now.items():
        if name in mine or (name in before and before[name].text == line.text):
            continue
        setting = _setting_for(state, node, name, _value(line.text))
        if setting is None:
            lines.append(_typed(live_above, line))
        else:
            settings[setting[0]] = SETTINGS[setting[0]].to_json(setting[1])
            state = _with_setting(state, *setting)
    alike = _alike(made, str(render(desired, node).text("main.cf").text))
    lines += _consequences(replace(state, main_cf=OwnLines(own + "".join(lines))), node, now, alike)
    whole = own + "".join(lines)
    findings = tuple(_main_obstacles(replace(state, main_cf=OwnLines(whole)), node, made, live, alike))
    return Adopted(settings, whole if whole != desired.main_cf.text else None, findings)


def _alike(made: str, rendered: str) -> frozenset[str]:
    """Return the parameters that the node and control render alike; others depend on what control does not know."""
    there, here = _values(made), _values(rendered)
    return frozenset(name for name in there if name in here and _value(there[name].text) == _value(here[name].text))


def _consequences(
    state: DesiredState, node: NodeFacts, now: dict[str, LogicalLine], alike: frozenset[str]
) -> Iterator[str]:
    """Give own lines for values that follow from an adopted field, but that nobody changed in the live file."""
    own = _values(state.main_cf.text)
    for name, line in _values(str(render(state, node).text("main.cf").text)).items():
        if name in now and name in alike and name not in own and _value(now[name].text) != _value(line.text):
            yield f"{name} = {_value(now[name].text)}\n"


def adopt_master(desired: DesiredState, node: NodeFacts, made: str, live: str) -> Adopted:
    """Return what a live master.cf means for the draft: entries that differ become own entries."""
    made_above, made_own = _parts(made)
    live_above, live_own = _parts(live)
    own = _own_text(desired.master_cf.text, made_own, live_own)
    before = {line.text for line in logical_lines(made_above)}
    lines = [_typed(live_above, line) for line in logical_lines(live_above) if line.text not in before]
    whole = own + "".join(lines)
    state = replace(desired, master_cf=OwnLines(whole))
    findings = tuple(_master_obstacles(state, node, made, live))
    return Adopted({}, whole if whole != desired.master_cf.text else None, findings)


def _parts(text: str) -> tuple[str, str]:
    """Cut a file at the heading of the own lines; the second part is empty where there is none."""
    found = _HEADING.search(text)
    return (text, "") if found is None else (text[: found.start()], text[found.end() :].lstrip("\n"))


def _own_text(typed: str, made: str, live: str) -> str:
    """Return the own lines as they are live; lines that nobody touched stay as they were typed before.

    Below own entries of master.cf the renderer adds options; those lines are not the administrator's and are left out.
    """
    if made == live:
        return typed
    old, new = made.splitlines(), live.splitlines()
    as_typed = _as_typed(typed.splitlines(), old)
    lines: list[str] = []
    for tag, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        kept = [line for line in as_typed[first:last] if line is not None]
        lines += kept if tag == "equal" else new[start:end]
    return "".join(f"{line}\n" for line in lines)


def _as_typed(typed: list[str], made: list[str]) -> list[str | None]:
    """Return for each line of the rendered own part the line that was typed, None for one that was added."""
    found: list[str | None] = [None] * len(made)
    for tag, first, last, start, end in SequenceMatcher(None, typed, made, autojunk=False).get_opcodes():
        if tag == "equal" or (tag == "replace" and last - first == end - start):
            found[start:end] = typed[first:last]
    return found


def _values(text: str) -> dict[str, LogicalLine]:
    """Return the definitions of a main.cf by name; the last of a name counts, as for Postfix."""
    found = {}
    for line in logical_lines(text):
        name, equals, _ = line.text.partition("=")
        if equals:
            found[name.strip()] = line
    return found


def _value(text: str) -> str:
    return " ".join(text.partition("=")[2].split())


def _typed(text: str, line: LogicalLine) -> str:
    """Return a definition as it stands in the file, with its line ends."""
    lines = text.split("\n")[line.first - 1 : line.last]
    return "".join(f"{one}\n" for one in lines if one.strip() and not one.lstrip().startswith("#"))


def _setting_for(state: DesiredState, node: NodeFacts, name: str, value: str) -> tuple[str, Any] | None:
    """Return the setting and its value with which rendering gives `name` the live value; None if there is none."""
    origin = render(state, node).origin_of(name)
    if origin is None or origin.noun != "setting" or origin.key not in SETTINGS:
        return None
    for given in _spellings(value):
        try:
            parsed = SETTINGS[origin.key].parse(given)
        except InvalidValue:
            continue
        tried = render(_with_setting(state, origin.key, parsed), node)
        if _value(_values(str(tried.text("main.cf").text))[name].text) == value:
            return origin.key, parsed
    return None


def _spellings(value: str) -> Iterator[Any]:
    """Give the forms in which a setting may understand a value of main.cf."""
    yield value
    hop = _NEXT_HOP.fullmatch(value)
    if hop:
        yield {"host": hop[2], "port": hop[4], "mx": hop[1] is None}
    if value in {"smtp", "relay"}:
        yield None
    if value.endswith("s") and value[:-1].isdigit():
        yield value[:-1]


def _with_setting(state: DesiredState, name: str, value: Any) -> DesiredState:
    return replace(state, settings=replace(state.settings, **{SETTINGS[name].attribute: value}))


def _main_obstacles(
    state: DesiredState, node: NodeFacts, made: str, live: str, alike: frozenset[str]
) -> Iterator[Finding]:
    """Give what the adopted state would say differently from the live file."""
    rendered, before, wanted = (
        {name: _value(line.text) for name, line in _values(text).items()}
        for text in (str(render(state, node).text("main.cf").text), made, live)
    )
    for name in dict.fromkeys((*wanted, *rendered)):
        touched = before.get(name) != wanted.get(name)
        if rendered.get(name) != wanted.get(name) and (touched or name in alike):
            yield _obstacle("main.cf", name, gone=name not in wanted)


def _master_obstacles(state: DesiredState, node: NodeFacts, made: str, live: str) -> Iterator[Finding]:
    """Give the services that would not be as in the live file; options that Sealgate adds to own ones are no fault."""
    rendered, before, wanted = (
        _services(text) for text in (str(render(state, node).text("master.cf").text), made, live)
    )
    for name in dict.fromkeys((*wanted, *rendered)):
        here, there = rendered.get(name), wanted.get(name)
        if here is None or there is None or here[0] != there[0] or there[1] - here[1]:
            yield _obstacle("master.cf", name, gone=there is None)
        elif name in before and (here[1] - there[1]) & before[name][1]:
            yield _obstacle("master.cf", name, gone=False)


def _services(text: str) -> dict[str, tuple[tuple[Any, ...], frozenset[tuple[str, str]]]]:
    """Return the entries of a master.cf by name and type: columns and arguments, and the options without order."""
    return {
        one.key: (
            (one.private, one.unprivileged, one.chroot, one.wakeup, one.processes, one.command, one.arguments),
            frozenset((option.name, option.value) for option in one.options),
        )
        for one in own_services(text)
    }


def _obstacle(file: str, name: str, *, gone: bool) -> Finding:
    what = f"{name} was removed by hand." if gone else f"What was done to {name} by hand cannot be kept."
    return error(
        "drift-not-adoptable",
        Place(file=file),
        what,
        "Sealgate makes it, and an own line can change it but not remove it." if gone else "",
        "Set the value that you want in the draft, then overwrite the file.",
    ).then(Step(Act.OVERWRITE))
