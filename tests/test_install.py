"""What ./run and ./test share: where state lies, and the one sentence for each thing that can go wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def bash(script: str, repository: Path = ROOT, user: str = "root") -> subprocess.CompletedProcess[str]:
    """Run a script with the shared functions at hand."""
    program = f"set -euo pipefail; repository=$1; . {ROOT}/tools/install.sh; {script}"
    if user != "root":  # the checkout may be closed to other users: hand them the text
        text = (ROOT / "tools/install.sh").read_text("utf-8")
        program = f"set -euo pipefail; repository=$1\n{text}\n{script}"
    return subprocess.run(
        ["/bin/bash", "-c", program, "./run", str(repository)],
        user=user,
        group="root" if user == "root" else "nogroup",
        extra_groups=[],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a place that only root can change and everybody can enter."""
    directory = tmp_path / "checkout"
    directory.mkdir(mode=0o755)
    return directory


def test_without_root_the_sentence_says_how_to_get_it() -> None:
    run = bash("need_root", user="nobody")

    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == ("This needs root, because Postfix does: run it as root, or with sudo: sudo ./run\n")


def test_a_disk_with_too_little_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    run = bash(f"need_space {tmp_path}/absent 99999999")

    assert run.returncode == 1
    assert re.fullmatch(
        rf"The disk that holds {tmp_path}/absent has only \d+ MB free and 99999999 MB are needed: "
        r"make room and start again\.\n",
        run.stderr,
    )


@pytest.mark.parametrize(
    ("noise", "sentence"),
    [
        ("write failed: No space left on device", "The disk is full: make room"),
        ("Temporary failure resolving 'deb.example'", "The package servers cannot be reached"),
        ("ERROR: No matching distribution found for x", "The package servers cannot be reached"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED]", "This machine does not trust the certificate"),
        ("E: Could not get lock /var/lib/dpkg/lock", "Another program is installing packages just now"),
        ("E: Packages need to be removed but remove is disabled.", "would remove another mail server"),
        ("npm error code ENOTFOUND", "The package servers cannot be reached"),
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "set NODE_EXTRA_CA_CERTS"),
        ("npm error code EINTEGRITY", "is not the one that was locked"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "is not the one that was locked"),
        ("something nobody thought of", "That did not work; the last lines are above"),
    ],
)
def test_a_step_that_fails_ends_with_one_sentence(tmp_path: Path, noise: str, sentence: str) -> None:
    log = tmp_path / "install.log"
    log.touch()

    run = bash(f'step "Installing …" {log} sh -c \'echo "{noise}"; exit 1\'')

    assert run.returncode == 1
    assert run.stdout == "Installing …\n"
    assert sentence in run.stderr
    assert str(log) in run.stderr


def test_a_step_that_works_keeps_its_noise_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "install.log"

    run = bash(f'step "Installing …" {log} echo noise')

    assert (run.returncode, run.stdout, run.stderr) == (0, "Installing …\n", "")
    assert log.read_text() == "noise\n"


def test_nothing_is_said_or_done_when_all_packages_are_there(tmp_path: Path) -> None:
    log = tmp_path / "install.log"

    run = bash(f"install_packages {log} bash coreutils")

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert not log.exists()


def test_state_lies_beside_a_checkout_that_only_root_can_change(checkout: Path, tmp_path: Path) -> None:
    run = bash(f"place_of var {tmp_path}/trial", checkout)

    assert run.stdout == f"{checkout}/var"
    assert (checkout / "var").is_dir()


@pytest.mark.parametrize("mode", [0o700, 0o775, 0o757])
def test_state_lies_elsewhere_when_others_cannot_enter_or_can_change(checkout: Path, tmp_path: Path, mode: int) -> None:
    checkout.chmod(mode)

    run = bash(f"place_of var {tmp_path}/trial", checkout)

    assert re.fullmatch(rf"{tmp_path}/trial/[0-9a-f]{{12}}", run.stdout)
    assert (checkout / "var").readlink() == Path(run.stdout)


def test_state_lies_elsewhere_when_the_checkout_is_a_users(checkout: Path, tmp_path: Path) -> None:
    os.chown(checkout, 65534, 0)

    run = bash(f"place_of var {tmp_path}/trial", checkout)

    assert run.stdout.startswith(f"{tmp_path}/trial/")


def test_state_elsewhere_is_found_again(checkout: Path, tmp_path: Path) -> None:
    checkout.chmod(0o700)
    first = bash(f"place_of var {tmp_path}/trial", checkout)
    moved = checkout.rename(tmp_path / "moved")

    second = bash(f"place_of var {tmp_path}/trial", moved)

    assert second.stdout == first.stdout


def test_a_link_that_somebody_bent_is_not_followed(checkout: Path, tmp_path: Path) -> None:
    os.chown(checkout, 65534, 0)
    (tmp_path / "bait").mkdir()
    (checkout / "var").symlink_to(tmp_path / "bait")

    run = bash(f"place_of var {tmp_path}/trial", checkout)

    assert run.stdout.startswith(f"{tmp_path}/trial/")


def test_state_in_a_place_that_others_can_change_is_refused(checkout: Path, tmp_path: Path) -> None:
    (checkout / "var").mkdir()
    checkout.chmod(0o777)

    run = bash(f"place_of var {tmp_path}/trial", checkout)

    assert run.returncode == 1
    assert "move it away and start again" in run.stderr


def test_two_checkouts_have_two_places(tmp_path: Path) -> None:
    places = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir(mode=0o700)
        places.add(bash(f"place_of var {tmp_path}/trial", tmp_path / name).stdout)

    assert len(places) == 2


@pytest.mark.parametrize("command", ["run", "test"])
def test_the_commands_change_nothing_without_root(checkout: Path, command: str) -> None:
    (checkout / "tools").mkdir()
    for name in (command, "tools/install.sh"):
        shutil.copy(ROOT / name, checkout / name)
    checkout.chmod(0o777)

    run = subprocess.run(
        [checkout / command],
        user="nobody",
        group="nogroup",
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert run.stderr.startswith("This needs root")
    assert sorted(path.name for path in checkout.iterdir()) == sorted([command, "tools"])
