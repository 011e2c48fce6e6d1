"""A part of the configuration: what one page contributes to main.cf, and the tables and files that go with it.

Each page has a module here that makes one `Part` from the desired state and the facts. Putting parts together is the
work of `main_cf`. Values are written by `Parameter.lines`; they come from parsed model values and checked paths, which
hold no character that means something to Postfix, so nothing is quoted here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.render.tree import EntrySource, PerRow, TableFile, TextSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.model.findings import Finding, Place
    from sealgate.render.facts import NodeFacts
    from sealgate.render.tree import TextFile


_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of main.cf. A tuple is a list, one item a line when long; `origin` is the place to blame."""

    name: str
    value: str | tuple[str, ...]
    origin: Place
    loses: str = ""
    """What stops being true when an own line sets this parameter instead; for people."""

    @property
    def text(self) -> str:
        """The value on one line."""
        return self.value if isinstance(self.value, str) else ", ".join(self.value)

    def lines(self) -> str:
        """Return the definition as it stands in main.cf, with its line end."""
        line = f"{self.name} = {self.text}".rstrip() + "\n"
        if isinstance(self.value, str) or len(self.value) < 2 or len(line) <= _WIDTH:
            return line
        return f"{self.name} =\n    " + ",\n    ".join(self.value) + "\n"


@dataclass(frozen=True, slots=True)
class Part:
    """What one page contributes, under its title."""

    title: str
    parameters: tuple[Parameter, ...]
    tables: tuple[TableFile, ...] = ()
    texts: tuple[TextFile, ...] = ()
    findings: tuple[Finding, ...] = ()


def lmdb(name: str, source: EntrySource | PerRow, place: Place, mode: int = 0o644) -> TableFile:
    """Make a generated table that is looked up by key."""
    return TableFile(f"maps/{name}", "lmdb", source, place, mode)


def text_table(name: str, kind: str, lines: Iterable[str], place: Place) -> TableFile:
    """Make a generated table of type cidr, pcre or regexp from its lines, in this order."""
    return TableFile(f"maps/{name}.{kind}", kind, TextSource.of("".join(f"{line}\n" for line in lines)), place)


def named(table: TableFile, node: NodeFacts) -> str:
    """Return a table as main.cf names it: absolute, in the release that never changes."""
    return f"{table.type}:{node.release_dir}/{table.path}"
