"""Write docs/reference from the program itself, or say which page is not current.

`python tools/reference.py` writes; `--check` compares and ends with 1 when a page differs. Every page comes from what
the program uses at run time (commands, settings, kinds of rows, the deny-list), so no page can promise what is not
there. Same program, same bytes: no date, no version, no terminal width.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS
from sealgate.services.actor import Area, Right
from sealgate.services.areas import area_of
from sealgate.services.roles import RIGHTS_OF, Role
from sealgate.settings import Settings, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from enum import StrEnum

    from sealgate.model.objects import Column, Noun

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
HEAD = "<!-- Written by `make docs`; changes by hand are lost. -->\n"
WIDTH = 100


def cell(text: object) -> str:
    """Return text that stays inside a cell of a table."""
    return " ".join(str(text).split()).replace("|", "\\|") or " "


def table(titles: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Give the lines of a table."""
    heads = list(titles)
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell(value) for value in row)} |"
    yield ""


def terminal_page() -> Iterator[str]:
    """Give the help of every command, as `--help` shows it."""
    from sealgate.bootstrap import program

    root = program()
    yield "# The terminal\n"
    yield "Every verb with its help, as `sealgate VERB --help` shows it.\n"
    yield from _command_help(root, "sealgate", None)


def _command_help(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    usual: dict[str, Any] = {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(command, info_name=name, parent=parent, **usual)
    path = context.command_path
    yield f"## {path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for verb in command.list_commands(context):
            inner = command.get_command(context, verb)
            if inner is not None and not inner.hidden:
                yield from _command_help(inner, verb, context)


def machine_page() -> Iterator[str]:
    """Give the keys of sealgate.toml."""
    yield "# sealgate.toml\n"
    yield "The settings of one gateway on one machine. Each key may also be given by the environment variable"
    yield "`SEALGATE_<KEY>` in capitals, which beats the file. Changes count from the next `sealgate up` on.\n"
    rows = ((f"`{key}`", f"`{_shown(Settings.model_fields[key].default)}`", text) for key, text in keys().items())
    yield from table(("key", "default", "meaning"), rows)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return json.dumps(value)  # strings, numbers and truth values are written alike in TOML


def settings_page() -> Iterator[str]:
    """Give every setting that an administrator sets, page by page."""
    yield "# Settings\n"
    yield "What `sealgate set NAME VALUE` takes. A setting that is not set has the default.\n"
    for page in dict.fromkeys(setting.page for setting in SETTINGS.values()):
        yield f"## {page}\n"
        rows = (
            (f"`{s.name}`", s.title, s.show(s.default), f"{s.help} {_choices(s.choices)}")
            for s in SETTINGS.values()
            if s.page == page
        )
        yield from table(("name", "title", "default", "meaning"), rows)


def rows_page() -> Iterator[str]:
    """Give every kind of row with its fields."""
    yield "# Lists\n"
    yield "What `sealgate add NOUN …`, `sealgate import NOUN FILE` and `sealgate list NOUN` work on. Every row also"
    yield "has a comment and can be disabled.\n"
    for noun in NOUNS.values():
        yield from _noun(noun)


def _noun(noun: Noun[Any]) -> Iterator[str]:
    yield f"## {noun.name}\n"
    traits = [
        "The order of the rows decides." if noun.ordered else "",
        "There may be a million rows." if noun.big else "",
        "A row without a name gets the next free number." if noun.numbered else "",
    ]
    yield f"{noun.title}. {' '.join(filter(None, traits))}".rstrip() + "\n"
    yield from table(("field", "title", "kind", "meaning"), map(_column, noun.columns))


def _column(column: Column) -> tuple[str, str, str, str]:
    kind = f"{column.kind.value}{', required' if column.required else ''}"
    return f"`{column.name}`", column.title, kind, f"{column.help} {_choices(column.choices)}"


def _choices(choices: Iterable[str]) -> str:
    words = ", ".join(f"`{word}`" for word in choices)
    return f"One of {words}." if words else ""


def permissions_page() -> Iterator[str]:
    """Give the rights, the roles and the areas."""
    yield "# Permissions\n"
    yield "A person has one role, perhaps further rights, and perhaps areas that limit what they may edit.\n"
    yield "## Rights\n"
    roles = {right: ", ".join(role for role in Role if right in RIGHTS_OF[role]) for right in Right}
    yield from table(("right", "allows to", "roles that bring it"), _words(Right, roles))
    yield "## Roles\n"
    rights = {role: ", ".join(f"`{right}`" for right in Right if right in RIGHTS_OF[role]) for role in Role}
    yield from table(("role", "for whom", "rights"), _words(Role, rights))
    yield "## Areas\n"
    nouns = {area: ", ".join(f"`{noun}`" for noun in NOUNS if area_of(noun) is area) for area in Area}
    yield from table(("area", "pages", "lists"), _words(Area, nouns))


def _words(kind: type[StrEnum], more: Mapping[Any, str]) -> Iterator[tuple[str, str, str]]:
    """Give each word of an enumeration with the text that stands below it in the source."""
    found = ast.parse(inspect.getsource(kind)).body[0]
    body = found.body if isinstance(found, ast.ClassDef) else []
    texts = [node.value.value for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    for word, text in zip(kind, texts[1:], strict=True):
        yield f"`{word}`", str(text), more[word]


def api_page() -> Iterator[str]:
    """Give every operation of the API with its right."""
    from sealgate.api.groups import GROUPS

    yield "# The REST API\n"
    yield "Every operation below `/api/v1`, with the right that it needs. What is sent and answered is described,"
    yield "with examples, by `/api/v1/openapi.json`; how it is spoken with, in [api.md](../api.md).\n"
    for group in GROUPS:
        yield f"## {group.tag}\n"
        yield f"{group.about}\n"
        rows = (
            (f"`{o.method} {o.path.replace(':path', '')}`", f"`{o.right.value}`", o.summary) for o in group.operations
        )
        yield from table(("operation", "right", "what it does"), rows)


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "terminal.md": terminal_page,
    "sealgate-toml.md": machine_page,
    "settings.md": settings_page,
    "lists.md": rows_page,
    "permissions.md": permissions_page,
    "api.md": api_page,
}


def pages() -> dict[str, str]:
    """Return every page with its text."""
    return {name: HEAD + "\n" + "\n".join(page()).rstrip() + "\n" for name, page in PAGES.items()}


def outdated(directory: Path) -> list[str]:
    """Return the pages that differ from what the program says, and files that are no page."""
    wanted = pages()
    found = {file.name: file.read_text("utf-8") for file in directory.glob("*.md")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def main() -> int:
    """Write the pages or compare them."""
    parser = argparse.ArgumentParser(description="Write docs/reference from the program itself.")
    parser.add_argument("--check", action="store_true", help="compare only; end with 1 when a page is not current")
    if parser.parse_args().check:
        stale = outdated(REFERENCE)
        if stale:
            print(f"Not current in docs/reference: {', '.join(stale)}. Write them anew: make docs")
        return bool(stale)
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
