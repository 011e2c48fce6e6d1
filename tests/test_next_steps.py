"""How one goes on after bad news: each face says it in its own way, and no text names the command of another face."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.routing import Match, Route

import sealgate
from sealgate.api.groups import GROUPS
from sealgate.api.next_steps import OPERATIONS, told
from sealgate.bootstrap.commands import COMMANDS as STARTING
from sealgate.cli import cli
from sealgate.cli.next_steps import COMMANDS, commands, sentence
from sealgate.link.failures import failure_from_json, failure_to_json
from sealgate.model.errors import InvalidValue, NotFound, Refused
from sealgate.model.findings import Finding, Place, error
from sealgate.model.next_steps import Act, Step, from_json, to_json
from sealgate.services.job_outcomes import fault_told
from sealgate.web.next_steps import PATHS, links
from sealgate.web.pages import ROUTES

SOURCE = Path(sealgate.__file__).parent
VERBS = "|".join(
    sorted({command.split()[1] for command in COMMANDS.values()} | {"init", "add", "set", "show", "backup"})
)
COMMAND = re.compile(rf"\bsealgate ({VERBS})\b")
OF_THE_MACHINE = {"cli", "bootstrap", "render"}
"""Packages whose texts are read at the machine only: the terminal, starting, and the files that Postfix reads."""
A_ROW = Step(Act.DISCARD, "transport", "a b.example")


def texts_of(tree: ast.AST) -> list[str]:
    """Return all texts of a module but its docstrings, the parts of an f-string put together."""
    found, inner = [], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(str(p.value) if isinstance(p, ast.Constant) else "x" for p in node.values))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inner.add(node.value)
    return found + [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inner
    ]


def test_no_text_of_services_pages_or_api_says_a_command() -> None:
    said: dict[str, list[str]] = {}
    for file in SOURCE.rglob("*.py"):
        where = file.relative_to(SOURCE)
        if where.parts[0] in OF_THE_MACHINE or where.name == "settings.py":
            continue
        wrong = [text for text in texts_of(ast.parse(file.read_text())) if COMMAND.search(text)]
        said |= {str(where): wrong} if wrong else {}

    assert said == {}


def flat(table: dict[str, object]) -> list[str]:
    inner = [flat(value) for value in table.values() if isinstance(value, dict)]
    return [value for value in table.values() if isinstance(value, str)] + [text for part in inner for text in part]


def test_pages_name_a_command_only_where_nothing_but_the_machine_can_do_it() -> None:
    texts = flat(tomllib.loads((SOURCE / "web" / "texts" / "en.toml").read_text()))
    named = [text for text in texts if COMMAND.search(text)]

    assert [text for text in named if "on the machine: sealgate" not in text] == []
    assert {COMMAND.findall(text)[-1] for text in named} == {"up", "people", "restore-backup"}


def test_no_template_says_a_command() -> None:
    templates = (SOURCE / "web" / "templates").glob("*.html")

    assert [file.name for file in templates if COMMAND.search(file.read_text())] == []


def test_every_face_has_a_word_about_every_act() -> None:
    assert set(COMMANDS) == set(PATHS) == set(OPERATIONS) == set(Act)


@pytest.mark.parametrize("act", [act for act in Act if act is not Act.START])
def test_the_command_of_an_act_is_one_of_the_terminal(act: Act) -> None:
    (command,) = commands([Step(act, "transport", "a.example")])
    verbs = [word for word in shlex.split(command)[1:] if word.isalpha() and word.islower()][:2]
    answers = [CliRunner().invoke(cli, [*verbs[:count], "--help"]) for count in (1, 2)]

    assert answers[0].exit_code == 0, command
    assert answers[1].exit_code == 0, command


def test_the_command_that_starts_the_gateway_is_one_of_the_program() -> None:
    assert commands([Step(Act.START)])[0].removeprefix("sealgate ") in {command.name for command in STARTING}


@pytest.mark.parametrize("act", [act for act, path in PATHS.items() if path])
def test_the_link_of_an_act_leads_to_a_page(act: Act) -> None:
    (link,) = links([Step(act, "policy-test", "a b")])
    path = link.path.partition("?")[0]
    pages = [Route(page.path, lambda _request: None, methods=["GET"]) for page in ROUTES if page.method == "GET"]
    scope = {"type": "http", "method": "GET", "path": path}

    assert any(page.matches(scope)[0] is Match.FULL for page in pages)


@pytest.mark.parametrize("act", [act for act, operation in OPERATIONS.items() if operation])
def test_the_operation_of_an_act_is_one_of_the_api(act: Act) -> None:
    operation = OPERATIONS[act]
    known = [(one.method, re.sub(r"\{[^}]*\}", ".+", one.path)) for group in GROUPS for one in group.operations]

    assert operation is not None
    assert any(method == operation[0] and re.fullmatch(path, operation[1]) for method, path in known)


def test_a_command_is_safe_to_paste() -> None:
    assert sentence([Step(Act.DISCARD, "black", "x; rm -r /"), Step(Act.START)]) == (
        "Next: sealgate discard black 'x; rm -r /', sealgate up"
    )


def test_pages_and_api_leave_out_what_they_cannot_do() -> None:
    steps = [Step(Act.START), Step(Act.LIST, "setting")]

    assert links(steps) == []
    assert told({"steps": to_json(steps)}) == [{"act": "start"}, {"act": "list"}]


def test_a_link_and_an_operation_name_the_object() -> None:
    assert [link.path for link in links([Step(Act.ENABLE, "policy-test", "a&b"), Step(Act.LIST, "rbl")])] == [
        "/mta/policy-test/row?key=a%26b", "/mta/rbl",
    ]  # fmt: skip
    assert told({"steps": to_json([A_ROW])}) == [
        {"act": "discard", "method": "DELETE", "address": "/api/v1/changes/transport/a%20b.example"}
    ]


@pytest.mark.parametrize("data", [None, 3, "list", [{"act": "later"}], [["act"]], [{}], {"act": "list"}])
def test_steps_that_are_not_known_here_are_left_out(data: object) -> None:
    assert from_json(data) == ()


def test_steps_cross_the_link_with_their_error() -> None:
    for fault in (NotFound("x"), Refused("x"), InvalidValue.of("x")):
        assert failure_from_json(failure_to_json(fault.then(A_ROW))).steps == (A_ROW,)


def test_steps_are_kept_with_findings_and_jobs() -> None:
    finding = error("c", Place(), "what").then(A_ROW)

    assert Finding.from_json(finding.to_json()) == finding
    assert "steps" not in error("c", Place(), "what").to_json()
    assert from_json(fault_told(NotFound("x").then(A_ROW))["steps"]) == (A_ROW,)


def test_naming_a_field_keeps_the_steps() -> None:
    assert InvalidValue.of("x").then(A_ROW).at("field").steps == (A_ROW,)
