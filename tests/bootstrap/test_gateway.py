"""Making a gateway's directory: who owns what, and every reason not to make one."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from sealgate.bootstrap.gateway import make_gateway
from sealgate.link import sealing
from sealgate.model.errors import InvalidValue, NotFound, Refused
from sealgate.settings import Settings, keys

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "gateway"


def owner_and_mode(path: Path) -> tuple[str, str, str]:
    status = path.stat()
    return (
        pwd.getpwuid(status.st_uid).pw_name,
        grp.getgrgid(status.st_gid).gr_name,
        oct(stat.S_IMODE(status.st_mode)),
    )


def content_of(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (".", ("root", "root", "0o755")),
        ("sealgate.toml", ("root", "sealgate", "0o640")),
        ("control", ("sealgate", "sealgate", "0o2770")),
        ("control/group.pub", ("root", "sealgate", "0o644")),
        ("node", ("root", "root", "0o700")),
        ("node/group.key", ("root", "root", "0o600")),
        ("postfix", ("root", "root", "0o755")),
        ("postfix/releases", ("root", "root", "0o755")),
        ("log", ("root", "sealgate", "0o755")),
        ("log/sealgate.log", ("root", "sealgate", "0o640")),
        ("run", ("root", "sealgate", "0o755")),
    ],
)
def test_everything_belongs_to_whom_it_should(directory: Path, name: str, expected: tuple[str, str, str]) -> None:
    make_gateway(directory, {})

    assert owner_and_mode(directory / name) == expected


def test_ports_given_are_kept_in_the_settings_file(directory: Path) -> None:
    make_gateway(directory, {"smtp_port": 2600, "mpa_port": 2601})

    settings = Settings.load(directory)
    assert (settings.smtp_port, settings.mpa_port, settings.reinject_port) == (2600, 2601, 10026)


def test_the_settings_file_shows_every_key_with_its_default(directory: Path) -> None:
    make_gateway(directory, {})
    file = directory / "sealgate.toml"
    commented = [line.removeprefix("# ") for line in file.read_text().splitlines() if " = " in line and "`" not in line]

    file.write_text("\n".join(commented))

    settings = Settings.load(directory)
    assert settings.model_fields_set == set(keys())
    assert settings.model_dump() == make_gateway(directory.with_name("other"), {}).model_dump()


def test_secrets_sealed_to_the_public_key_open_with_the_private_one(directory: Path) -> None:
    settings = make_gateway(directory, {})

    sealed = sealing.seal(settings.public_key_file.read_bytes(), "login", b"word")

    assert sealing.open_(settings.group_key_file.read_bytes(), "login", sealed) == b"word"


def test_an_existing_gateway_is_refused_and_left_alone(directory: Path) -> None:
    make_gateway(directory, {})
    before = content_of(directory)

    with pytest.raises(Refused) as refused:
        make_gateway(directory, {"smtp_port": 2600})

    assert str(refused.value) == (
        f"{directory} is a gateway already; nothing was changed. Start it: sealgate up --dir {directory}"
    )
    assert content_of(directory) == before


def test_an_attempt_that_broke_off_is_completed_with_the_same_key(directory: Path) -> None:
    make_gateway(directory, {})
    key = (directory / "node/group.key").read_bytes()
    (directory / "sealgate.toml").unlink()
    shutil.rmtree(directory / "log")

    make_gateway(directory, {})

    assert (directory / "node/group.key").read_bytes() == key
    assert (directory / "log").is_dir()


def test_an_empty_directory_becomes_a_gateway(directory: Path) -> None:
    directory.mkdir(mode=0o700)

    make_gateway(directory, {})

    assert owner_and_mode(directory) == ("root", "root", "0o755")


def test_a_directory_with_other_things_in_it_is_refused(directory: Path) -> None:
    directory.mkdir()
    (directory / "letters").touch()

    with pytest.raises(Refused, match=r"holds other things \(letters\)"):
        make_gateway(directory, {})


def test_a_file_is_refused(directory: Path) -> None:
    directory.touch()

    with pytest.raises(Refused, match="is a file"):
        make_gateway(directory, {})


@pytest.mark.parametrize("name", ["a b", "a,b", "a$b", "a:b", "grün", "a#b"])
def test_a_path_that_means_something_else_to_postfix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidValue, match="cannot be written in a Postfix configuration"):
        make_gateway(tmp_path / name, {})


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="too long for a socket"):
        make_gateway(tmp_path / ("x" * 90), {})


def test_a_place_that_service_users_cannot_enter_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(InvalidValue, match="The user sealgate-mpa cannot enter"):
        make_gateway(closed / "gateway", {})


@pytest.mark.parametrize(("owner", "mode"), [(65534, 0o755), (0, 0o775), (0, 0o777)])
def test_a_place_where_others_could_swap_the_gateway_is_refused(tmp_path: Path, owner: int, mode: int) -> None:
    place = tmp_path / "shared"
    place.mkdir()
    os.chown(place, owner, 0)
    place.chmod(mode)

    with pytest.raises(InvalidValue, match="Others than root can change what lies in"):
        make_gateway(place / "gateway", {})


def test_a_missing_user_is_named_with_the_command_that_makes_it(directory: Path) -> None:
    with pytest.raises(NotFound, match=r"The user absent-mpa does not exist; nothing was made\. Make it: useradd"):
        make_gateway(directory, {"mpa_user": "absent-mpa"})

    assert not directory.exists()


def test_a_missing_group_is_named_with_the_command_that_makes_it(directory: Path) -> None:
    with pytest.raises(NotFound, match=r"The group absent does not exist; nothing was made\. Make it: groupadd"):
        make_gateway(directory, {"admin_group": "absent"})


def test_equal_ports_are_refused_before_anything_is_made(directory: Path) -> None:
    with pytest.raises(InvalidValue, match="mpa_port and smtp_port are both 2600"):
        make_gateway(directory, {"smtp_port": 2600, "mpa_port": 2600})

    assert not directory.exists()
