"""`diff`: the difference of any two states, in words or as rendered files.

What widens the gateway is said in words of its own. A secret is only seen to have changed.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from sealgate.cli import output
from sealgate.cli.shapes import difference_json
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.services.states import StateName
    from sealgate.services.wording import Difference

_COLOURS = {"+": "32", "-": "31", "@": "36"}
_MOST_ITEMS = 50
_COMPARED = 10
"""Of lists longer than this only what came and went is shown; JSON has them whole."""
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@click.command("diff", cls=Verb, short_help="Show what differs between two states.")
@click.argument("a", default="live")
@click.argument("b", default="draft")
@click.option("--files", is_flag=True, help="Show the rendered Postfix files instead of settings and rows.")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="At most so many objects.")
@pass_terminal
def diff(terminal: Terminal, a: str, b: str, limit: int, *, files: bool) -> None:
    r"""Show what differs between two states; each is draft, live, or the number of a revision.

    \b
    sealgate diff           what an apply would change
    sealgate diff 3         from revision 3 to the draft
    sealgate diff 3 5       from revision 3 to revision 5
    """
    from sealgate.services.states import StateName

    old, new = StateName.parse(a), StateName.parse(b)
    if files:
        _show_files(terminal, old, new)
        return
    _show_words(terminal, old, new, limit)


def _show_words(terminal: Terminal, old: StateName, new: StateName, limit: int) -> None:
    from sealgate.services import changes

    with changes.compare(terminal.gateway, terminal.actor, old, new) as found:
        shown = list(islice(found, limit))
        more = next(found, None) is not None
    newly = _widened(terminal, old, new)
    shape = {
        "from": str(old),
        "to": str(new),
        "differences": list(map(difference_json, shown)),
        "more": more,
        "newly_possible": None if newly is None else list(newly),
    }
    lines = [line for item in shown for line in difference_lines(item, colour=terminal.colour)]
    mark = output.paint("newly possible:", "33", colour=terminal.colour)
    lines += [f"{mark} {output.safe(text)}" for text in newly or ()]
    terminal.answer(shape, lines or [f"There is no difference between {old} and {new}."])
    if more:
        terminal.remark(f"Only the first {limit:,} are shown. More: --limit N")


def _widened(terminal: Terminal, old: StateName, new: StateName) -> tuple[str, ...] | None:
    """Return who may newly do what, found by a rehearsal; None where none was held of just this difference."""
    from sealgate.services import reports

    if str(old) == "live" and str(new) == "draft":
        return reports.widened(terminal.gateway, terminal.actor)
    if new.number and old.number == new.number - 1:
        return reports.of_revision(terminal.gateway, terminal.actor, new.number).widened
    return None


def difference_lines(item: Difference, *, colour: bool) -> Iterator[str]:
    """Give what differs in one object, as lines for a terminal."""
    sign = _SIGNS[item.what.value]
    code = {"+": "32", "-": "31", "~": "33"}[sign]
    if item.noun == "setting":
        change = item.fields[0]
        text = f"{change.title}: {output.cell(change.old)} -> {output.cell(change.new)}"
        yield f"{output.paint(sign, code, colour=colour)} {text}"
        return
    yield f"{output.paint(sign, code, colour=colour)} {item.noun} {output.safe(item.key)}{_inline(item)}"
    if item.what.value == "changed":
        for change in item.fields:
            old, new = _both(change.old, change.new)
            yield f"    {change.title}: {old} -> {new}"
    for line in item.lines:
        yield f"    {_painted(line, colour=colour)}"
    if item.widens:
        yield f"    {output.paint('newly:', '33', colour=colour)} {output.safe(item.widens)}"


def _inline(item: Difference) -> str:
    if item.what.value == "changed":
        return ""
    side = "new" if item.what.value == "added" else "old"
    values = [_cell(getattr(change, side)) for change in item.fields if not _unsaid(getattr(change, side), item)]
    return f" ({', '.join(values)})" if values else ""


def _unsaid(value: Any, item: Difference) -> bool:
    """Tell whether a value says nothing beside the key."""
    return output.cell(value) == "" or value is False or output.cell(value) == item.key


def _both(old: Any, new: Any) -> tuple[str, str]:
    """Return a field before and after; of long lists what went and what came, not all that stayed."""
    if not (isinstance(old, list) and isinstance(new, list) and max(len(old), len(new)) > _COMPARED):
        return _cell(old) or "(empty)", _cell(new) or "(empty)"
    had, has = set(old), set(new)
    went, came = [item for item in old if item not in has], [item for item in new if item not in had]
    counts = [output.count_of(len(side), "entry", "entries") for side in (old, new)]
    return (
        f"{counts[0]}{f' (now gone: {_cell(went)})' if went else ''}",
        f"{counts[1]}{f' (of them new: {_cell(came)})' if came else ''}",
    )


def _cell(value: Any) -> str:
    """Return a value as a table has it; of a long list the first entries are named, and the others counted."""
    if isinstance(value, list | tuple) and len(value) > _MOST_ITEMS:
        return f"{output.cell(value[:_MOST_ITEMS])} and {len(value) - _MOST_ITEMS:,} more"
    return output.cell(value)


def _painted(line: str, *, colour: bool) -> str:
    code = _COLOURS.get(line[:1])
    return output.paint(output.safe(line, keep="\t"), code, colour=colour) if code else output.safe(line, keep="\t")


def _show_files(terminal: Terminal, old: StateName, new: StateName) -> None:
    from sealgate.services import rendering

    with rendering.file_differences(terminal.gateway, terminal.actor, old, new) as found:
        files = list(found)
    shape = {
        "from": str(old),
        "to": str(new),
        "files": [{"file": item.file, "what": item.what.value, "lines": list(item.lines)} for item in files],
    }
    lines = []
    for item in files:
        lines += [output.paint(f"{output.safe(item.file)}: {item.what.value}", "1", colour=terminal.colour)]
        lines += [f"    {_painted(line, colour=terminal.colour)}" for line in item.lines]
    terminal.answer(shape, lines or [f"No rendered file differs between {old} and {new}."])
