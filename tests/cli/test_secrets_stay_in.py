"""A secret goes in by a file, a prompt or standard input, and never comes out: of no verb, in no form."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from tests.cli.program import CALL, SOURCE
from tests.services.test_settings import private_key
from tests.support.control_half import stand_in

from sealgate.cli import cli
from sealgate.link.upkeep import Count
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Run

SECRET = "correct horse battery"

WALK: dict[str, list[list[str]]] = {
    "show": [
        ["report"],
        ["report", "1"],
        ["settings"],
        ["settings", "tls-key"],
        ["sasl", "[smtp.example.net]"],
        ["main-cf"],
    ],
    "set": [["my-hostname", "gw.example.com"]],
    "unset": [["my-hostname"]],
    "list": [["sasl"]],
    "fetch": [["provider"], ["provider", "cloud", "--try"]],
    "add": [["relay-domain", "new.example"]],
    "change": [["sasl", "[smtp.example.net]", "--user", "v"]],
    "remove": [["relay-domain", "gone.example"]],
    "comment": [["sasl", "[smtp.example.net]", "why"]],
    "enable": [["sasl", "[smtp.example.net]"]],
    "disable": [["sasl", "[smtp.example.net]"]],
    "move": [["rbl", "b.example", "--first"]],
    "edit": [["main-cf", "--file", "-"]],
    "import": [["sasl", "-"], ["relay-domain", "-", "--dry-run"]],
    "export": [["sasl", "-"], ["sasl", "-", "--format", "csv"], ["relay-domain", "-"]],
    "check": [[]],
    "rehearse": [[], ["--probe", "--verdicts"], ["--live"]],
    "test add": [["from 192.0.2.1 mail <> to a@b.example expect accept", "--name", "t"]],
    "test list": [[]],
    "test run": [[]],
    "test remove": [["gone"]],
    "test comment": [["t", "why"]],
    "test enable": [["t"]],
    "test disable": [["t"]],
    "test import": [["-"]],
    "test export": [["-"], ["-", "--format", "yaml"]],
    "diff": [[], ["--files"], ["1", "draft"]],
    "discard": [["setting", "my-hostname"], ["--yes"]],
    "apply": [["-m", "x"]],
    "confirm": [[]],
    "rollback": [[], ["1"]],
    "history": [[]],
    "restore": [["1", "--yes"]],
    "drift": [[], ["--adopt"], ["--overwrite", "--yes"]],
    "status": [[]],
    "queue list": [[]],
    "queue view": [["4ABC"]],
    "queue flush": [["--all"]],
    "queue hold": [["4ABC", "--yes"]],
    "queue release": [["4ABC", "--yes"]],
    "queue requeue": [["4ABC", "--yes"]],
    "queue delete": [["4ABC", "--yes"]],
    "log": [[]],
    "verify-cache show": [["a@example.com"]],
    "verify-cache clear": [["--yes"]],
    "query": [["sasl_passwd", "[smtp.example.net]"]],
    "resolve": [["a@example.com"]],
    "explain": [["192.0.2.1", "a@example.com"]],
    "replay": [[]],
    "drill": [[]],
    "try relay-host": [["external"]],
    "try transport": [["gone.example"]],
    "try sasl": [["[smtp.example.net]"]],
    "try rbl": [["b.example"]],
    "try dns": [[]],
    "people list": [[]],
    "people invite": [["ann", "--role", "operator"]],
    "people change": [["ann", "--role", "viewer"]],
    "people reset": [["ann"]],
    "people lock": [["ann"]],
    "people unlock": [["ann"]],
    "people remove": [["ann", "--yes"]],
    "people set-up-link": [[], ["--if-needed"]],
    "audit": [[], ["--verify"], ["--export", "-"]],
    "backup": [["/nonexistent/backup", "--passphrase-file", "-"]],
    "restore-backup": [["/nonexistent/backup", "--passphrase-file", "-", "--yes"]],
    "completion": [["bash"]],
}
MADE_ELSEWHERE = {"init", "up", "agent", "mpa", "scheduler", "web"}


def verbs(group: click.Group, ctx: click.Context, before: str = "") -> Iterator[str]:
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        nested = isinstance(command, click.Group) and name not in {"set", "add", "change"}
        if nested:
            yield from verbs(command, ctx, f"{before}{name} ")  # type: ignore[arg-type]
        else:
            yield f"{before}{name}"


def test_the_walk_leaves_out_no_verb() -> None:
    assert set(verbs(cli, click.Context(cli))) - MADE_ELSEWHERE == set(WALK)


@pytest.fixture
def full(run: Run, directory: Path, tmp_path: Path) -> Path:
    """A gateway with a revision in force, and secrets in it and in the draft."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    (tmp_path / "key").write_text(private_key())
    with stand_in(directory):
        run("add", "sasl", "smtp.example.net", "--user", "u", "--password-file", str(tmp_path / "secret"))
        run("set", "tls-key", "--file", str(tmp_path / "key"))
        for zone in ("a.example", "b.example"):
            run("add", "rbl", zone)
        run("add", "relay-domain", "gone.example")
        run("apply", "-m", "first")
    run("change", "sasl", "[smtp.example.net]", "--password-file", "-", typed=f"{SECRET} changed\n")
    run("set", "my-hostname", "draft.example.com")
    return tmp_path


@pytest.mark.parametrize("shape", ["people", "json"])
@pytest.mark.parametrize("verb", WALK)
def test_no_verb_says_a_secret(run: Run, full: Path, directory: Path, verb: str, shape: str) -> None:
    key = (full / "key").read_text().splitlines()[2]
    with stand_in(directory, queue_list=Count(0), log=Count(0)):
        for rest in WALK[verb]:
            said = run(*verb.split(), *rest, *(["--json"] if shape == "json" else []), typed="a = 1\n")
            for secret in (SECRET, key):
                assert secret not in said.out + said.err


def test_no_verb_takes_a_secret_as_an_argument(run: Run) -> None:
    """Every kind of row with a secret has an option that names a file, and none that takes the secret."""
    for noun in NOUNS.values():
        for column in noun.columns:
            if column.kind is Kind.SECRET:
                for verb in ("add", "change"):
                    said = run(verb, noun.name, "--help").out
                    assert f"--{column.name}-file" in said
                    assert f"--{column.name} " not in said


def test_while_a_password_is_read_it_is_in_no_argument_list(directory: Path) -> None:
    """What every user of the machine may read in /proc while the program waits for the password."""
    program = subprocess.Popen(
        [sys.executable, "-c", CALL, "add", "sasl", "smtp.example.net", "--user", "u", "--dir", str(directory)],
        stdin=subprocess.PIPE,
        env={"PYTHONPATH": str(SOURCE)},
    )
    assert program.stdin is not None
    program.stdin.write(SECRET.encode())
    program.stdin.flush()
    seen = [Path(f"/proc/{program.pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
    program.stdin.close()
    deadline = time.monotonic() + 60

    assert program.wait(timeout=max(deadline - time.monotonic(), 1)) == 0
    assert not [data for data in seen if SECRET.encode() in data]


@pytest.mark.parametrize(
    "call",
    [
        ["add", "sasl", "no host", "--user", "u", "--password-file", "-"],
        ["add", "sasl", "smtp.example.net", "--user", "a:b", "--password-file", "-"],
        ["set", "tls-key", "--file", "-"],
        ["change", "sasl", "[missing.example.net]", "--password-file", "-"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("typed", [SECRET, f" {SECRET} ", f"{SECRET}\nsecond line", f"{SECRET}\x00", f"{SECRET}ü"])
def test_a_refusal_never_repeats_a_secret(run: Run, call: list[str], typed: str) -> None:
    said = run(*call, typed=typed)

    assert said.code == 2
    assert SECRET not in said.out + said.err


def test_a_secret_that_is_no_text_is_refused_without_repeating_it(run: Run) -> None:
    said = run(
        "add", "sasl", "smtp.example.net", "--user", "u", "--password-file", "-", typed=SECRET.encode() + b"\xff"
    )

    assert (said.code, SECRET in said.err) == (2, False)


def test_secrets_are_in_clear_in_no_file_of_the_gateway(full: Path, directory: Path) -> None:
    key = (full / "key").read_bytes().splitlines()[2]
    files: list[Any] = [path for path in directory.rglob("*") if path.is_file()]

    assert files
    assert not [path for path in files if SECRET.encode() in path.read_bytes() or key in path.read_bytes()]
