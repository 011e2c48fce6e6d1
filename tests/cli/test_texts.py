"""`edit`: own lines and look-up tables in an editor or from a file; a text is never lost."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Run

    Editor = Callable[[str], None]


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Make $EDITOR a shell script that is given the file as $1."""

    def make(script: str) -> None:
        file = tmp_path / "editor"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        monkeypatch.setenv("EDITOR", str(file))
        monkeypatch.delenv("VISUAL", raising=False)

    return make


def kept_in(text: str) -> Path:
    """The file that a message says a text is kept in."""
    found = re.search(r"kept in (\S+?)\.(?: |\n|$)", text)
    assert found, text
    return Path(found[1])


@pytest.mark.parametrize("name", ["main-cf", "master-cf"])
def test_own_lines_come_from_a_file_as_typed(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "own").write_text("# mine\n\nmail_name = X\n   Y\n")

    assert run("edit", name, "--file", str(tmp_path / "own")).code == 0
    assert run("show", name, "--json").json["text"] == "# mine\n\nmail_name = X\n   Y\n"


def test_own_lines_come_from_standard_input(run: Run) -> None:
    run("edit", "main-cf", "--file", "-", typed="mail_name = X\n")

    assert run("show", "main-cf").out == "mail_name = X\n"


def test_the_editor_gets_the_text_and_what_it_saves_is_kept(run: Run, editor: Editor) -> None:
    run("edit", "main-cf", "--file", "-", typed="a = 1\n")
    editor('grep -q "a = 1" "$1" && echo "b = 2" >> "$1"')

    assert run("edit", "main-cf").code == 0
    assert run("show", "main-cf").out == "a = 1\nb = 2\n"


def test_an_editor_that_changes_nothing_changes_nothing(run: Run, editor: Editor) -> None:
    run("edit", "main-cf", "--file", "-", typed="a = 1\n")
    before = run("show", "main-cf", "--json").json["version"]
    editor("exit 0")

    said = run("edit", "main-cf")

    assert (said.code, said.out) == (0, "Nothing was changed.\n")
    assert run("show", "main-cf", "--json").json["version"] == before


def test_a_text_whose_editor_failed_is_kept(run: Run, editor: Editor) -> None:
    editor('echo "b = 2" >> "$1"; exit 1')

    said = run("edit", "main-cf")

    assert said.code == 1
    assert kept_in(said.err).read_text() == "b = 2\n"


def test_what_somebody_else_saved_meanwhile_is_not_overwritten_and_the_text_is_kept(
    run: Run, editor: Editor, directory: Path
) -> None:
    run("edit", "main-cf", "--file", "-", typed="a = 1\n")
    program = (
        "import sys; from sealgate.cli import cli; "
        f"cli(['edit', 'main-cf', '--file', '-', '--dir', {str(directory)!r}], prog_name='sealgate')"
    )
    source = Path(__file__).parents[2] / "src"
    editor(
        f'echo "theirs = 1" | PYTHONPATH={source} {os.environ.get("PYTHON", "")}"{_python()}" -c "{program}" >&2'
        ' && echo "mine = 1" > "$1"'
    )

    said = run("edit", "main-cf")

    assert (said.code, "somebody else" in said.err) == (1, True)
    assert run("show", "main-cf").out == "theirs = 1\n"
    assert kept_in(said.err).read_text() == "mine = 1\n"


def _python() -> str:
    import sys

    return sys.executable


def test_a_text_that_is_refused_is_kept_for_the_caller_alone(run: Run, editor: Editor) -> None:
    editor(r'printf "a = \033[31m\n" > "$1"')

    said = run("edit", "main-cf")

    assert (said.code, "line 1" in said.err) == (2, True)
    file = kept_in(said.err)
    assert file.read_bytes() == b"a = \x1b[31m\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_stale_version_from_a_script_is_a_conflict(run: Run, tmp_path: Path) -> None:
    seen = run("edit", "main-cf", "--file", "-", "--json", typed="a = 1\n").json["version"]
    run("edit", "main-cf", "--file", "-", typed="b = 1\n")
    (tmp_path / "own").write_text("c = 1\n")

    said = run("edit", "main-cf", "--file", str(tmp_path / "own"), "--base", str(seen))

    assert (said.code, "somebody else" in said.err) == (1, True)
    assert (tmp_path / "own").read_text() == "c = 1\n"


def test_a_text_from_standard_input_is_kept_when_it_is_refused(run: Run) -> None:
    said = run("edit", "main-cf", "--file", "-", typed="a = \x07\n")

    assert said.code == 2
    assert kept_in(said.err).read_text() == "a = \x07\n"


def test_a_file_that_is_no_utf_8_is_refused_with_its_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own").write_bytes(b"a = 1\nb = \xff\n")

    said = run("edit", "main-cf", "--file", str(tmp_path / "own"))

    assert (said.code, "line 2" in said.err) == (2, True)


def test_a_file_that_is_not_there_is_said(run: Run, tmp_path: Path) -> None:
    said = run("edit", "main-cf", "--file", str(tmp_path / "nothing"))

    assert (said.code, "No such file" in said.err) == (2, True)


def test_a_lookup_table_is_edited_as_text(run: Run, editor: Editor) -> None:
    run("add", "lookup-table", "t", "--file", "-", typed="a 1\n")
    editor('echo "b 2" >> "$1"')

    assert run("edit", "lookup-table", "t").code == 0
    assert run("list", "lookup-table", "--json").json["rows"][0]["fields"]["lines"] == 2


@pytest.mark.parametrize("call", [["lookup-table"], ["main-cf", "t"]], ids=" ".join)
def test_a_table_has_a_name_and_own_lines_have_none(run: Run, call: list[str]) -> None:
    assert run("edit", *call, "--file", "-", typed="").code == 2
