"""On a terminal: questions, progress, tables that fit; and the parts that every verb shares."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import click
import pytest
from tests.cli.program import CALL, SOURCE, sealgate

from sealgate.cli import SECTIONS, cli
from sealgate.cli.progress import ProgressLine
from sealgate.cli.verbs import Verb, Verbs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Run


def on_a_terminal(
    directory: Path, *call: str, answers: tuple[tuple[str, str], ...] = (), columns: int = 80
) -> tuple[int, str]:
    """Run `sealgate` on a terminal of its own; to each question a person types the answer. Returns code and screen."""
    master, slave = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "SEALGATE_DIR": str(directory), "TERM": "xterm"}
    program = subprocess.Popen(
        [sys.executable, "-c", CALL, *call],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment | {"COLUMNS": str(columns)},
        start_new_session=True,
    )
    os.close(slave)
    screen, seen, waiting = b"", 0, list(answers)
    while piece := _read(master):
        screen += piece
        if waiting and waiting[0][0].encode() in screen[seen:]:
            seen = len(screen)
            os.write(master, waiting.pop(0)[1].encode())
    os.close(master)
    return program.wait(timeout=60), screen.decode()


def _read(master: int) -> bytes:
    """What the program shows next; nothing when it has ended."""
    ready, _, _ = select.select([master], [], [], 60)
    try:
        return os.read(master, 65536) if ready else b""
    except OSError:
        return b""


def test_a_question_is_asked_and_yes_does_it(directory: Path) -> None:
    sealgate("set", "my-hostname", "gw.example.com", directory=directory)

    code, screen = on_a_terminal(directory, "discard", answers=(("[y/N]", "y\n"),))

    assert (code, "Forget 1 change of the draft?" in screen, "1 change forgotten." in screen) == (0, True, True)


def test_no_leaves_everything_as_it_is(directory: Path) -> None:
    sealgate("set", "my-hostname", "gw.example.com", directory=directory)

    code, screen = on_a_terminal(directory, "discard", answers=(("[y/N]", "n\n"),))

    assert (code, "Nothing was changed." in screen) == (1, True)
    assert b"gw.example.com" in sealgate("diff", directory=directory).stdout


def test_a_password_is_asked_for_twice_without_echo(directory: Path) -> None:
    typed = (("Password: ", "hunter two\n"), ("Repeat for confirmation: ", "hunter two\n"))
    code, screen = on_a_terminal(directory, "add", "sasl", "smtp.example.net", "--user", "u", answers=typed)

    assert (code, "hunter" in screen) == (0, False)


def test_a_table_fits_the_terminal(directory: Path) -> None:
    sealgate("add", "relay-domain", "example.com", "--comment", "word " * 40, directory=directory)

    code, screen = on_a_terminal(directory, "list", "relay-domain", columns=60)

    lines = screen.replace("\r", "").splitlines()
    assert (code, max(map(len, lines)) <= 60, len(lines) > 3) == (0, True, True)


def test_a_long_import_shows_its_progress_and_cleans_up(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "domains").write_text("".join(f"d{number}.example\n" for number in range(6000)))

    code, screen = on_a_terminal(directory, "import", "relay-domain", str(tmp_path / "domains"))

    assert (code, "2,000 rows" in screen, "[##" in screen) == (0, True, True)
    assert screen.rstrip().endswith("6,000 rows read: 6,000 added. Live after: sealgate apply")


def test_progress_without_a_terminal_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLine() as line:
        line.show("working", 5, 10)

    assert capsys.readouterr() == ("", "")


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")


ALL = [
    (name, command)
    for name, command in commands(cli)
    if name.split()[0] not in {"init", "up", "agent", "mpa", "scheduler"}
]


@pytest.mark.parametrize("command", [command for _, command in ALL], ids=[name for name, _ in ALL])
def test_every_verb_has_the_common_options_and_says_what_it_does(command: click.Command) -> None:
    options = {word for param in command.params for word in param.opts}

    assert isinstance(command, Verb | Verbs)
    assert {"--json", "--dir"} <= options
    assert (command.help or "").strip()
    assert (command.short_help or "").strip()


def test_every_verb_stands_in_one_section_of_the_help(run: Run) -> None:
    said = run("--help").out

    verbs = [verb for section in SECTIONS.values() for verb in section]
    assert len(verbs) == len(set(verbs))
    assert all(f"\n  {verb} " in said for verb in verbs)
    assert all(f"{title}:" in said for title in SECTIONS)


@pytest.mark.parametrize("call", [["add", "transports", "--help"], ["list", "relay-domains"], ["show", "main.cf"]])
def test_plurals_and_names_of_files_are_understood(run: Run, call: list[str]) -> None:
    assert run(*call).code == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["add", "transprt"], "transport"),
        (["set", "my-hostnme", "x"], "my-hostname"),
        (["list", "rble"], "rbl"),
        (["lst"], "No such command"),
    ],
)
def test_a_slip_of_the_finger_gets_a_hint(run: Run, call: list[str], words: str) -> None:
    said = run(*call)

    assert (said.code, words in said.err) == (2, True)


def test_interrupting_a_followed_log_is_no_failure(directory: Path) -> None:
    import signal

    from tests.support.control_half import stand_in

    from sealgate.link.upkeep import Count

    def endless(_question: object, talk: object) -> Count:
        talk.item(["first line"])  # type: ignore[attr-defined]
        while not talk.gone():  # type: ignore[attr-defined]
            time.sleep(0.05)
        return Count(1)

    with stand_in(directory, log=endless):
        program = subprocess.Popen(
            # whoever runs the tests may ignore Ctrl-C
            [
                "env",
                "--default-signal=INT",
                sys.executable,
                "-u",
                "-c",
                CALL,
                "log",
                "--follow",
                "--dir",
                str(directory),
            ],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdout=subprocess.PIPE,
        )
        assert program.stdout is not None
        first = program.stdout.readline()
        program.send_signal(signal.SIGINT)
        code = program.wait(timeout=60)
        program.stdout.close()

    assert (first, code) == (b"first line\n", 0)
