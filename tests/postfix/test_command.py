"""Running Postfix's programs: what goes in, what comes out, and what never does."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sealgate.model.errors import NodeFailed
from sealgate.postfix.command import KEPT_STDERR, Programs, environment


def a_program(directory: Path, text: str) -> Programs:
    """A shell script in place of a Postfix program, to see how programs are run."""
    script = directory / "probe"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(stat.S_IRWXU)
    return Programs(directory, command_dir=directory, daemon_dir=directory)


def test_a_program_is_always_told_its_configuration(tmp_path: Path) -> None:
    result = a_program(tmp_path, 'echo "$@"; echo "$MAIL_CONFIG"').run("probe", "-q", "x")

    assert result.output.splitlines() == [f"-c {tmp_path} -q x", str(tmp_path)]


def test_nothing_of_the_callers_environment_reaches_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALGATE_SECRET", "password")

    result = a_program(tmp_path, "env").run("probe")

    assert "password" not in result.output
    assert "LC_ALL=C" in result.output.splitlines()


def test_the_time_zone_is_passed_on_since_postfix_logs_in_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TZ", "Europe/Zurich")

    assert environment(tmp_path)["TZ"] == "Europe/Zurich"


def test_stdin_is_fed_as_it_is_produced(tmp_path: Path) -> None:
    result = a_program(tmp_path, "cat").run("probe", stdin=(b"%d\n" % n for n in range(3)))

    assert result.output == "0\n1\n2\n"


def test_large_output_and_many_words_do_not_block_each_other(tmp_path: Path) -> None:
    program = a_program(tmp_path, "cat; seq 1 300000; seq 1 300000 >&2")

    result = program.run("probe", stdin=(b"x" * 100_000 for _ in range(50)))

    assert result.output.endswith("300000\n")
    assert 0 < sum(map(len, result.stderr)) <= KEPT_STDERR


def test_a_program_that_does_not_read_its_stdin_is_no_error(tmp_path: Path) -> None:
    result = a_program(tmp_path, "exit 0").run("probe", stdin=(b"x" * 100_000 for _ in range(100)))

    assert result.status == 0


def test_status_zero_with_words_is_a_complaint(tmp_path: Path) -> None:
    result = a_program(tmp_path, "echo 'probe: warning: skipped' >&2").run("probe")

    assert not result.failed
    assert [said.text for said in result.complaints] == ["skipped"]


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    result = a_program(tmp_path, "sleep 600 & echo $!; wait").run("probe", timeout=0.3)

    assert result.timed_out
    assert "did not finish" in result.complaints[0].text
    assert _is_dead(int(result.output))


def _is_dead(pid: int) -> bool:
    """Gone, or a zombie that its new parent has not looked at yet."""
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(") ")[2].startswith("Z")


def test_a_program_that_is_killed_says_by_what(tmp_path: Path) -> None:
    result = a_program(tmp_path, "kill -9 $$").run("probe")

    assert result.complaints[0].text == "probe was ended by signal 9"


def test_an_exception_while_feeding_ends_the_program(tmp_path: Path) -> None:
    def broken() -> object:
        yield b"x"
        raise LookupError("no more rows")

    with pytest.raises(LookupError):
        a_program(tmp_path, "cat").run("probe", stdin=broken())  # type: ignore[arg-type]


def test_a_program_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(NodeFailed, match="Is Postfix installed"):
        Programs(tmp_path, command_dir=tmp_path).run("postconf")


def test_of_long_output_only_the_beginning_is_kept_when_asked(tmp_path: Path) -> None:
    assert a_program(tmp_path, "echo 123456789").run("probe", keep=4).output == "1234"


def test_a_stream_gives_lines_while_the_program_runs(tmp_path: Path) -> None:
    lines = a_program(tmp_path, "echo first; sleep 600").stream("probe")

    assert next(lines) == "first"
    lines.close()  # type: ignore[attr-defined]


def test_a_stream_that_ends_badly_says_so_after_its_last_line(tmp_path: Path) -> None:
    lines = a_program(tmp_path, "echo first; echo 'no more' >&2; exit 3").stream("probe")
    next(lines)

    with pytest.raises(NodeFailed, match="no more"):
        next(lines)


def test_bytes_that_are_no_text_pass_through(tmp_path: Path) -> None:
    output = a_program(tmp_path, "printf '\\377\\376'").run("probe").output

    assert output.encode("utf-8", "surrogateescape") == b"\xff\xfe"


def test_the_real_postconf_answers(programs: Programs) -> None:
    assert programs.run("postconf", "-h", "compatibility_level").output == "3.6\n"
