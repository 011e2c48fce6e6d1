"""Who calls, and as whom the store is opened; each test in a process of its own, whose ids it changes."""

from __future__ import annotations

import json
import os
import pwd
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.cli.program import SOURCE

if TYPE_CHECKING:
    from pathlib import Path

OWNER = pwd.getpwnam("mail")


def in_a_process(program: str, place: Path) -> Any:
    """Run a piece of Python with `place` given, and return what it printed as JSON."""
    head = (
        "import json, os, sys, stat; from pathlib import Path; from sealgate.cli.identity import Identity, login_name\n"
        f"place = Path({str(place)!r})\n"
        "ids = lambda: [os.geteuid(), os.getegid(), sorted(os.getgroups())]\n"
        "umask = lambda: (lambda mask: (os.umask(mask), mask)[1])(os.umask(0))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", head + program],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.fixture
def control(tmp_path: Path) -> Path:
    """A control directory that belongs to another user."""
    place = tmp_path / "control"
    place.mkdir()
    place.chmod(0o770)
    os.chown(place, OWNER.pw_uid, OWNER.pw_gid)
    return place


def test_root_becomes_the_owner_of_the_directory(control: Path) -> None:
    found = in_a_process("one = Identity(); one.become_owner_of(place); print(json.dumps(ids()))", control)

    assert found[:2] == [OWNER.pw_uid, OWNER.pw_gid]
    assert 0 not in found[2]


def test_root_keeps_its_ids_where_root_is_the_owner(tmp_path: Path) -> None:
    program = "before = ids(); one = Identity(); one.become_owner_of(place); print(json.dumps(ids() == before))"

    assert in_a_process(program, tmp_path) is True


def test_as_the_caller_the_callers_ids_and_umask_are_back_and_then_not_any_more(control: Path) -> None:
    program = (
        "os.umask(0o022); before = ids(); one = Identity(); one.become_owner_of(place); switched = ids()\n"
        "with one.as_caller(): inside = [ids() == before, umask()]\n"
        "print(json.dumps([inside, ids() == switched, umask()]))"
    )

    assert in_a_process(program, control) == [[True, 0o022], True, 0o007]


def test_after_an_error_inside_the_ids_are_those_of_the_gateway_again(control: Path) -> None:
    program = (
        "one = Identity(); one.become_owner_of(place); switched = ids()\n"
        "try:\n    with one.as_caller(): raise ValueError\nexcept ValueError: pass\n"
        "print(json.dumps(ids() == switched))"
    )

    assert in_a_process(program, control) is True


def test_giving_back_returns_everything(control: Path) -> None:
    program = (
        "os.umask(0o022); before = ids(); one = Identity(); one.become_owner_of(place); one.give_back()\n"
        "print(json.dumps([ids() == before, umask()]))"
    )

    assert in_a_process(program, control) == [True, 0o022]


def test_files_of_the_gateway_are_for_owner_and_group(control: Path) -> None:
    program = "one = Identity(); one.become_owner_of(place); (place / 'made').touch(); print(json.dumps(None))"
    in_a_process(program, control)

    made = (control / "made").stat()
    assert (made.st_uid, stat.S_IMODE(made.st_mode) & 0o007) == (OWNER.pw_uid, 0)


@pytest.mark.parametrize(
    ("user", "groups", "allowed"),
    [("mail", [], True), ("nobody", ["mail"], True), ("nobody", [], False)],
    ids=["owner", "member", "stranger"],
)
def test_others_need_the_group(control: Path, user: str, groups: list[str], *, allowed: bool) -> None:
    program = (
        "from pathlib import Path; from sealgate.cli.identity import Identity\n"
        "from sealgate.model.errors import NotPermitted\n"
        f"try: Identity().become_owner_of(Path({str(control)!r})); print('yes')\n"
        "except NotPermitted as refusal: print(refusal)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(SOURCE)},
        user=user,
        group=pwd.getpwnam(user).pw_gid,
        extra_groups=groups,
        capture_output=True,
        check=True,
    )

    assert (done.stdout == b"yes\n") is allowed
    assert allowed or b"group that owns it" in done.stdout
