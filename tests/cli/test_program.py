"""The program as it is called: exit codes, streams, users, rights, pipes."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.program import CALL, SOURCE, sealgate
from tests.support.control_half import stand_in

from sealgate.link.upkeep import FileInfo

OWNER, STRANGER = "mail", "nobody"


@pytest.fixture
def shared(directory: Path) -> Path:
    """A gateway that belongs to the user and group `mail`, as `sealgate init` makes one for `sealgate`."""
    owner, group = pwd.getpwnam(OWNER).pw_uid, grp.getgrnam(OWNER).gr_gid
    (directory / "control" / "sealgate.db").unlink()  # the program makes it, for that user
    for path in (directory / "control", directory / "control" / "group.pub"):
        os.chown(path, owner, group)
    (directory / "control").chmod(0o2770)
    os.chown(directory / "sealgate.toml", 0, group)
    (directory / "sealgate.toml").chmod(0o640)
    return directory


def test_done_is_zero_and_says_nothing_on_standard_error(directory: Path) -> None:
    done = sealgate("add", "relay-domain", "example.com", directory=directory)

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (["add", "relay-domain", "not a domain"], 2),
        (["add", "relay-domain"], 2),
        (["add", "nothing", "x"], 2),
        (["set", "my-hostnam", "gw.example.com"], 2),
        (["set", "my-hostname"], 2),
        (["set", "tls-outgoing", "perhaps"], 2),
        (["show", "transport", "missing.example"], 2),
        (["remove", "transport", "missing.example"], 2),
        (["frobnicate"], 2),
        (["list", "transport", "--limit", "0"], 2),
        (["import", "transport", "/nonexistent/file"], 2),
        (["discard"], 0),
        (["apply", "-m", "x"], 3),
        (["status"], 3),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_exit_codes_say_what_happened(directory: Path, call: list[str], code: int) -> None:
    done = sealgate(*call, directory=directory)

    assert done.returncode == code
    assert b"Traceback" not in done.stderr


def test_a_conflict_is_one(directory: Path) -> None:
    sealgate("add", "relay-domain", "example.com", directory=directory)

    assert sealgate("add", "relay-domain", "example.com", directory=directory).returncode == 1


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (["add", "relay-domain", "not a domain"], "invalid-value"),
        (["add", "relay-domain"], "usage"),
        (["show", "transport", "missing.example"], "not-found"),
        (["discard"], None),
        (["confirm"], "node-unreachable"),
    ],
    ids=["value", "usage", "missing", "fine", "down"],
)
def test_errors_as_json_are_one_document_with_their_kind(directory: Path, call: list[str], kind: str | None) -> None:
    done = sealgate(*call, "--json", directory=directory)

    answer = json.loads(done.stdout)
    assert (answer.get("error", {}).get("kind"), done.stderr) == (kind, b"")


def test_a_fault_as_json_names_its_field(directory: Path) -> None:
    done = sealgate("add", "transport", "not a domain", "mx.example.net", "--json", directory=directory)

    assert [problem["field"] for problem in json.loads(done.stdout)["error"]["problems"]] == ["pattern"]


def test_without_a_gateway_the_question_is_which() -> None:
    done = sealgate("show", "settings")

    assert (done.returncode, b"SEALGATE_DIR" in done.stderr) == (2, True)


def test_a_directory_without_a_gateway_says_how_to_make_one(tmp_path: Path) -> None:
    done = sealgate("show", "settings", directory=tmp_path)

    assert (done.returncode, b"sealgate init" in done.stderr) == (2, True)


def test_the_directory_may_be_said_before_and_after_the_verb(directory: Path) -> None:
    for call in (["--dir", str(directory), "show", "settings"], ["show", "settings", "--dir", str(directory)]):
        assert sealgate(*call).returncode == 0


def test_help_needs_no_gateway() -> None:
    for call in (["--help"], ["add", "--help"], ["add", "transport", "--help"], ["queue", "delete", "-h"]):
        assert sealgate(*call).returncode == 0


def test_the_version_is_said() -> None:
    assert sealgate("--version").stdout.startswith(b"sealgate ")


def test_a_reader_that_goes_away_is_no_fault(directory: Path) -> None:
    text = "".join(f"d{number}.example\n" for number in range(5000))
    sealgate("import", "relay-domain", "-", directory=directory, typed=text.encode())

    line = f'"{sys.executable}" -c "{CALL}" export relay-domain - --dir {directory} | head -n 1'
    done = subprocess.run(
        ["/bin/sh", "-c", line], env={**os.environ, "PYTHONPATH": str(SOURCE)}, capture_output=True, check=False
    )

    assert (done.stdout, done.stderr) == (b"d0.example\n", b"")


def test_a_queued_message_goes_byte_for_byte_into_a_pipe(directory: Path) -> None:
    data = b"Subject: x\r\n\r\n" + bytes(range(256)) + b"\nno final newline"

    def content(_question: object, talk: object) -> FileInfo:
        talk.content(data)  # type: ignore[attr-defined]
        return FileInfo("4ABC", len(data), "")

    with stand_in(directory, queue_view=content):
        done = sealgate("queue", "view", "4ABC", directory=directory)

    assert done.stdout == data


def test_an_export_goes_byte_for_byte_into_a_pipe(directory: Path) -> None:
    sealgate("import", "relay-domain", "-", directory=directory, typed=b"a.example\nb.example\n")

    assert sealgate("export", "relay-domain", "-", directory=directory).stdout == b"a.example\nb.example\n"


def test_progress_and_colour_are_for_terminals_only(directory: Path) -> None:
    text = "".join(f"d{number}.example\n" for number in range(5000))
    done = sealgate("import", "relay-domain", "-", directory=directory, typed=text.encode())

    assert b"\x1b" not in done.stdout + done.stderr
    assert done.stderr == b""


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)], ids=["colour", "NO_COLOR"])
def test_on_a_terminal_findings_are_coloured_unless_nobody_wants_it(
    directory: Path, *, no_color: str, coloured: bool
) -> None:
    program = f'NO_COLOR={no_color} TERM=xterm "{sys.executable}" -c "{CALL}" check --dir {directory}'
    done = subprocess.run(
        ["script", "-qec", program, "/dev/null"],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )

    assert b"Not judged by Postfix" in done.stdout
    assert (b"\x1b[33mwarning" in done.stdout) is coloured


# -- users and rights (these need root, as the whole product does)


def test_as_root_the_database_belongs_to_the_gateways_user(shared: Path) -> None:
    done = sealgate("add", "relay-domain", "example.com", directory=shared)

    made = [path for path in (shared / "control").iterdir() if path.name.startswith("sealgate.db")]
    assert (done.returncode, {path.owner() for path in made}) == (0, {OWNER})


def test_a_member_of_the_group_administers_what_root_and_owner_made(shared: Path) -> None:
    sealgate("add", "relay-domain", "a.example", directory=shared)

    done = sealgate("add", "relay-domain", "b.example", directory=shared, user=STRANGER, groups=[OWNER])
    back = sealgate("add", "relay-domain", "c.example", directory=shared)

    assert (done.returncode, back.returncode) == (0, 0)


def test_others_get_one_sentence_and_one(shared: Path) -> None:
    sealgate("add", "relay-domain", "a.example", directory=shared)

    done = sealgate("list", "relay-domain", directory=shared, user=STRANGER, groups=[])

    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1)
    assert b"group" in done.stderr


def test_a_file_that_the_caller_may_not_read_is_not_read_with_the_gateways_rights(shared: Path, tmp_path: Path) -> None:
    """The gateway's user may read it; the caller, a member of the group, may not."""
    file = tmp_path / "private"
    file.write_text("a.example\n")
    shutil.chown(file, OWNER, "root")
    file.chmod(0o600)

    done = sealgate("import", "relay-domain", str(file), directory=shared, user=STRANGER, groups=[OWNER])

    assert (done.returncode, b"Permission denied" in done.stderr) == (1, True)


def test_as_root_a_file_is_read_with_roots_rights_not_the_gateways_users(shared: Path, tmp_path: Path) -> None:
    file = tmp_path / "private"
    file.write_text("a.example\n")
    file.chmod(0o600)

    assert sealgate("import", "relay-domain", str(file), directory=shared).returncode == 0


def test_an_export_belongs_to_the_caller_and_follows_the_callers_umask(shared: Path, tmp_path: Path) -> None:
    target = tmp_path / "exported"
    sealgate("export", "relay-domain", str(target), directory=shared)

    assert (target.owner(), stat.S_IMODE(target.stat().st_mode)) == ("root", 0o644)


def test_an_export_to_a_device_leaves_the_device_alone(shared: Path) -> None:
    done = sealgate("export", "relay-domain", "/dev/null", directory=shared)

    assert (done.returncode, stat.S_ISCHR(Path("/dev/null").stat().st_mode)) == (0, True)


def test_an_export_through_a_link_keeps_the_link(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    sealgate("export", "relay-domain", str(tmp_path / "link"), directory=shared)

    assert ((tmp_path / "link").is_symlink(), (tmp_path / "target").is_file()) == (True, True)


@pytest.mark.parametrize(
    ("user", "environment", "name"),
    [
        (STRANGER, {}, "local:nobody"),
        (STRANGER, {"SUDO_USER": "root"}, "local:nobody"),
        (None, {"SUDO_USER": "daemon"}, "local:daemon"),
        (None, {"SUDO_USER": "no such user"}, "local:root"),
        (None, {}, "local:root"),
    ],
    ids=["user", "user-cannot-pretend", "sudo", "sudo-unknown", "root"],
)
def test_the_audit_names_the_login(shared: Path, user: str | None, environment: dict[str, str], name: str) -> None:
    sealgate("add", "relay-domain", "a.example", directory=shared, user=user, groups=[OWNER], environment=environment)

    entries = json.loads(sealgate("audit", "--json", directory=shared).stdout)
    assert entries[0]["actor"] == name
