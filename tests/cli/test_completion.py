"""What the shells offer."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.cli.program import sealgate

from sealgate.cli.completion import VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run


def offered(directory: Path | None, *words: str) -> list[str]:
    """What bash would be offered for the last of `words`."""
    line = " ".join(["sealgate", *words])
    environment = {VARIABLE: "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words))}
    done = sealgate(directory=directory, environment=environment)
    assert done.stderr == b""
    return [item.partition(",")[2] for item in done.stdout.decode().split()]


def test_verbs_are_offered() -> None:
    assert offered(None, "ver") == ["verify-cache"]


def test_kinds_of_rows_are_offered() -> None:
    assert offered(None, "list", "trans") == ["transport"]
    assert offered(None, "add", "trans") == ["transport"]


def test_settings_and_their_choices_are_offered() -> None:
    assert offered(None, "set", "my-") == ["my-hostname"]
    assert offered(None, "unset", "smtp-") == ["smtp-helo-name"]
    assert offered(None, "set", "tls-outgoing", "dane") == ["dane", "dane-only"]


@pytest.mark.parametrize("verb", ["remove", "show", "disable", "comment", "move"])
def test_keys_of_the_draft_are_offered(run: Run, directory: Path, verb: str) -> None:
    run("import", "relay-domain", "-", typed="alpha.example\nalso.example\nbeta.example\n")

    assert offered(directory, verb, "relay-domain", "al") == ["alpha.example", "also.example"]


def test_keys_are_offered_for_the_kind_of_row_that_a_command_is_for(run: Run, directory: Path) -> None:
    run("add", "transport", "alpha.example", "mx.example.net")

    assert offered(directory, "change", "transport", "al") == ["alpha.example"]


def test_without_a_gateway_there_are_no_keys_and_no_error(tmp_path: Path) -> None:
    assert offered(tmp_path, "remove", "relay-domain", "al") == []


@pytest.mark.parametrize(("shell", "word"), [("bash", "complete"), ("zsh", "#compdef"), ("fish", "complete")])
def test_each_shell_has_its_script(run: Run, shell: str, word: str) -> None:
    said = run("completion", shell)

    assert (said.code, word in said.out, VARIABLE in said.out) == (0, True, True)


def test_bash_takes_the_script(run: Run) -> None:
    script = run("completion", "bash").out

    done = subprocess.run(["bash", "-n"], input=script.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
