"""The Postfix files that a state stands for, rendered to be looked at; the agent renders its own.

`file_differences` compares two states file by file. Tables that are made row by row are compared by their rows, at the
cost of the difference, so a table of a million rows is not rendered to show one line. Secrets are never in a rendered
file here: where one belongs stands `(secret)`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from sealgate.render import EntrySource, PerRow, SecretText, TextSource, render
from sealgate.services.actor import Right
from sealgate.services.desired import desired_state, row_of
from sealgate.services.node_facts import facts
from sealgate.services.wording import What, text_difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.render import ConfigTree, TableFile
    from sealgate.render.tree import Value
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.states import StateName
    from sealgate.store import Change, Reader, Stored, View

MOST_LINES = 10_000
"""So many lines of one file's difference are shown."""
SECRET = "(secret)"  # noqa: S105 - what is shown instead of one


@dataclass(frozen=True, slots=True)
class FileDifference:
    """A rendered file that differs, as lines of a unified diff."""

    file: str
    what: What
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """One state: its view, and what it renders to."""

    view: View
    tree: ConfigTree


@dataclass(frozen=True, slots=True)
class _Sides:
    """The two states that are compared, and how many lines are wanted of a file."""

    reader: Reader
    before: _Side
    after: _Side
    most: int

    def changes(self, noun: str) -> Iterator[Change]:
        """Give the rows of a kind that differ, in parts as large as what is wanted."""
        place = (noun, "")
        while part := self.reader.compare_part(self.before.view, self.after.view, self.most + 1, place):
            for change in part:
                if change.noun != noun:
                    return
                yield change
            place = (noun, part[-1].key)


@contextmanager
def file_differences(
    gateway: Gateway, actor: Actor, old: StateName, new: StateName, most: int = MOST_LINES
) -> Iterator[Iterator[FileDifference]]:
    """Give the rendered files in which two states differ, at most `most` lines of each; valid inside the block."""
    actor.may(Right.VIEW)
    node = facts(gateway, actor).node
    with gateway.store.reading() as reader:
        views = old.view(reader), new.view(reader)
        before, after = (_Side(view, render(desired_state(view), node)) for view in views)
        yield _all(reader, before, after, most)


def rendered_file(gateway: Gateway, actor: Actor, state: StateName, name: str) -> str:
    """Return one rendered text of a state: `main.cf` or `master.cf`."""
    actor.may(Right.VIEW)
    node = facts(gateway, actor).node
    with gateway.store.reading() as reader:
        return _shown(render(desired_state(state.view(reader)), node).text(name).text)


def _all(reader: Reader, before: _Side, after: _Side, most: int) -> Iterator[FileDifference]:
    old = {file.path: _shown(file.text) for file in before.tree.texts}
    new = {file.path: _shown(file.text) for file in after.tree.texts}
    for path in dict.fromkeys((*old, *new)):
        lines = text_difference(old.get(path, ""), new.get(path, ""), path)
        yield from _difference(path, path in old, path in new, lines, most)
    tables = ({table.path: table for table in side.tree.tables} for side in (before, after))
    left, right = tables
    for path in dict.fromkeys((*left, *right)):
        lines = _table_lines(_Sides(reader, before, after, most), left.get(path), right.get(path))
        yield from _difference(path, path in left, path in right, lines, most)


def _difference(
    path: str,
    was: bool,  # noqa: FBT001
    stays: bool,  # noqa: FBT001
    lines: Iterator[str],
    most: int,
) -> Iterator[FileDifference]:
    found = list(islice(lines, most + 1))
    if len(found) > most:
        found[most:] = ["… (more)"]
    what = What.CHANGED if was and stays else What.REMOVED if was else What.ADDED
    if found or what is not What.CHANGED:
        yield FileDifference(path, what, tuple(found))


def _table_lines(both: _Sides, old: TableFile | None, new: TableFile | None) -> Iterator[str]:
    either = new or old
    if either is None:
        return
    sources = [table.source if table else None for table in (old, new)]
    if isinstance(either.source, PerRow):
        if old is not None and new is not None and sources[0].identity() != sources[1].identity():  # type: ignore[union-attr]
            yield f"(every row is written anew: {both.after.view.count(either.source.noun):,} rows)"
            return
        yield from _row_lines(both, either.source, gone=new is None, come=old is None)
        return
    texts = ["" if source is None else _source_text(source) for source in sources]
    yield from text_difference(texts[0], texts[1], either.path)


def _row_lines(both: _Sides, source: PerRow, *, gone: bool, come: bool) -> Iterator[str]:
    """Give the entries of the rows that differ; of all rows where the whole table comes or goes."""
    before, after = both.before, both.after
    if before.view.sums().get(source.noun) == after.view.sums().get(source.noun) and not (gone or come):
        return
    if gone or come:
        view, sign = (before.view, "-") if gone else (after.view, "+")
        for stored in view.rows(source.noun):
            yield from _entries(source, stored, sign)
        return
    for change in both.changes(source.noun):
        yield from _entries(source, change.old, "-")
        yield from _entries(source, change.new, "+")


def _entries(source: PerRow, stored: Stored | None, sign: str) -> Iterator[str]:
    if stored is not None and stored.enabled:
        for key, value in source.entries_of(row_of(stored)):
            yield f"{sign}{key} {_shown(value)}"


def _source_text(source: EntrySource | PerRow | TextSource) -> str:
    if isinstance(source, TextSource):
        return source.text()
    return "".join(f"{key} {_shown(value)}\n" for key, value in source.entries())


def _shown(value: Value) -> str:
    if isinstance(value, SecretText):
        return f"{value.prefix}{SECRET}{value.suffix}"
    return value
