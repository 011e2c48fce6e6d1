"""From a column's description to the argument or option that fills it.

Argument columns stand by position, the others are options of the same name. Numbers, dates and words go to the model as
they were typed: it knows what is right, and one place says what is wrong. Secrets and long texts are never arguments;
their options name a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sealgate.cli.inputs import secret, text_of
from sealgate.model.objects import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.cli.terminal import Terminal
    from sealgate.model.objects import Column, Noun

FOLLOWING = frozenset({"lines", "size"})
FILE_KINDS = frozenset({Kind.SECRET, Kind.LONG_TEXT})


def parameters(noun: Noun[Any], *, adding: bool) -> list[click.Parameter]:
    """Return the parameters for a kind of row: to add one, or (all optional) to change one."""
    made = [_parameter(column, adding=adding) for column in columns_of(noun)]
    arguments = [param for param in made if isinstance(param, click.Argument)]
    return [*arguments, *(param for param in made if not isinstance(param, click.Argument))]


def columns_of(noun: Noun[Any]) -> list[Column]:
    """Return the columns that a person fills in: without what follows from a long text (its lines, its size)."""
    long_text = any(column.kind is Kind.LONG_TEXT for column in noun.columns)
    return [column for column in noun.columns if not (long_text and column.name in FOLLOWING)]


def fields_from(terminal: Terminal, noun: Noun[Any], given: Mapping[str, Any], *, adding: bool) -> dict[str, Any]:
    """Return the fields that were given on the command line, with files read and secrets asked for."""
    fields: dict[str, Any] = {}
    for column in columns_of(noun):
        value = given.get(_name(column))
        if column.kind is Kind.SECRET:
            if value is not None or (adding and column.required):
                fields[column.name] = secret(terminal.identity, column.title, value)
        elif column.kind is Kind.LONG_TEXT:
            if value is not None or (adding and column.required):
                fields[column.name] = text_of(terminal.identity, value or "-")
        elif column.kind is Kind.LIST:
            if value:
                fields[column.name] = [part for word in value for part in word.replace(",", " ").split()]
        elif value is not None:
            fields[column.name] = value
    return fields


def _parameter(column: Column, *, adding: bool) -> click.Parameter:
    if column.argument and adding and column.kind not in FILE_KINDS:
        nargs = -1 if column.kind is Kind.LIST else 1
        word = column.name.upper().replace("_", "-")
        metavar = (word if column.required else f"[{word}]") + ("..." if nargs == -1 else "")
        return click.Argument([_name(column)], nargs=nargs, required=column.required, metavar=metavar)
    return click.Option([*_option_words(column), _name(column)], **_option_kind(column))


def _option_words(column: Column) -> list[str]:
    word = column.name.replace("_", "-")
    if column.kind is Kind.SECRET:
        return [f"--{word}-file"]
    if column.kind is Kind.LONG_TEXT:
        return ["--file"]
    return [f"--{word}/--no-{word}"] if column.kind is Kind.FLAG else [f"--{word}"]


def _option_kind(column: Column) -> dict[str, Any]:
    text = _help(column)
    if column.kind is Kind.FLAG:
        return {"default": None, "help": text}
    if column.kind is Kind.CHOICE:
        return {"type": click.Choice([str(word) for word in column.choices]), "help": text}
    if column.kind is Kind.LIST:
        return {"multiple": True, "help": f"{text} Can be said several times.", "metavar": column.name.upper()}
    if column.kind in FILE_KINDS:
        source = (
            "a file; - is standard input."
            if column.kind is Kind.LONG_TEXT
            else ("a file, or - for standard input; asked for on a terminal.")
        )
        return {"metavar": "FILE", "help": f"{text} Read from {source}"}
    return {"metavar": "YYYY-MM-DD" if column.kind is Kind.DATE else column.name.upper(), "help": text}


def _help(column: Column) -> str:
    default = column.default
    shown = f" Default: {default}." if default else ""
    return f"{column.help or column.title + '.'}{shown}"


def _name(column: Column) -> str:
    return f"field_{column.name.replace('-', '_')}"
