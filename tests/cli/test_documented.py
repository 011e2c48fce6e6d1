"""docs/terminal.md tells the truth: every verb is in it, and every JSON shape in it is what the program answers."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.control_half import stand_in

from sealgate.cli import SECTIONS, failures

if TYPE_CHECKING:
    from tests.cli.conftest import Run

PAGE = (Path(__file__).parents[2] / "docs" / "terminal.md").read_text("utf-8")
SHAPES = re.findall(r"^`sealgate ([^`\n]+ --json)`\n\n```json\n(.+?)```", PAGE, re.MULTILINE | re.DOTALL)
READY: dict[str, list[list[str]]] = {
    "show settings": [["set", "my-hostname", "gw.example.com"]],
    "list": [["add", "relay-domain", "example.com"]],
    "diff": [["add", "relay-domain", "example.com"]],
    "diff --files": [["set", "my-hostname", "gw.example.com"]],
    "discard": [["set", "my-hostname", "gw.example.com"]],
    "history": [["apply", "-m", "first"]],
    "restore": [["apply", "-m", "first"]],
    "status": [["apply", "-m", "first"]],
    "people list": [["people", "invite", "ann", "--role", "administrator", "--right", "raw"]],
    "audit": [["add", "relay-domain", "example.com"]],
}


OPEN = "detail"
"""The one member whose own members differ from entry to entry."""


def shape(value: Any) -> Any:
    """The names of a JSON value, all the way down; of a list, those of its first entry."""
    if isinstance(value, dict):
        return {name: "" if name == OPEN else shape(item) for name, item in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else ""


def kind(value: Any) -> Any:
    """The types of a JSON value's members; what may be absent counts as text."""
    return {name: type(item).__name__ for name, item in value.items() if item not in (None, "…")}


@pytest.mark.parametrize("verb", [verb for section in SECTIONS.values() for verb in section])
def test_every_verb_is_on_the_page(verb: str) -> None:
    assert re.search(rf"`[^`]*\b{verb}\b|^sealgate {verb} ", PAGE, re.MULTILINE)


def test_every_exit_code_is_on_the_page() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)}

    assert codes == {failures.DONE, failures.REFUSED, failures.USAGE, failures.FAILED}


def test_every_kind_of_error_is_on_the_page() -> None:
    for _class, word, _code in failures._KINDS:
        assert f"`{word}`" in PAGE


@pytest.mark.parametrize(("call", "text"), SHAPES, ids=[call for call, _ in SHAPES])
def test_the_shape_of_an_answer_is_as_documented(run: Run, directory: Path, call: str, text: str) -> None:
    begin = max((begin for begin in READY if call.startswith(begin)), key=len, default="")
    with stand_in(directory, **({"judge": _down} if call.startswith("check") else {})) as agent:
        for step in READY.get(begin, []):
            run(*step)
        answer = run(*shlex.split(call), typed="a.example\nb.example\n").json

    documented = json.loads(text)
    assert shape(answer) == shape(documented)
    for one, other in zip(
        *(value if isinstance(value, list) else [value] for value in (answer, documented)), strict=True
    ):
        assert kind(one).items() >= {name: word for name, word in kind(other).items() if name in kind(one)}.items()
    assert agent is not None


def _down(_question: Any, _talk: Any) -> Any:
    from sealgate.model.errors import NodeUnreachable

    return NodeUnreachable("The agent does not answer.")
