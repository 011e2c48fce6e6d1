"""The directories of an instance: as Postfix wants them, and repaired when they are not."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from sealgate.model.errors import NodeFailed
from sealgate.postfix.spool import Accounts, prepare

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def accounts() -> Accounts:
    return Accounts.named()


def made(top: Path, accounts: Accounts) -> Path:
    prepare(top / "spool", top / "data", top / "log/mail.log", accounts)
    return top / "spool"


@pytest.mark.parametrize(
    ("name", "mode"), [("incoming", 0o700), ("maildrop", 0o1730), ("public", 0o2710), ("pid", 0o755), ("hold", 0o700)]
)
def test_each_directory_has_the_mode_that_postfix_gives_it(
    name: str, mode: int, tmp_path: Path, accounts: Accounts
) -> None:
    assert stat.S_IMODE((made(tmp_path, accounts) / name).stat().st_mode) == mode


def test_the_mail_owner_owns_what_its_daemons_write(tmp_path: Path, accounts: Accounts) -> None:
    queue = made(tmp_path, accounts)

    assert (queue / "deferred").stat().st_uid == accounts.mail_owner
    assert (tmp_path / "data").stat().st_uid == accounts.mail_owner
    assert (queue / "public").stat().st_gid == accounts.setgid_group


def test_preparing_again_repairs_and_loses_no_mail(tmp_path: Path, accounts: Accounts) -> None:
    queue = made(tmp_path, accounts)
    (queue / "deferred/message").write_bytes(b"mail")
    (queue / "public").chmod(0o777)

    made(tmp_path, accounts)

    assert stat.S_IMODE((queue / "public").stat().st_mode) == 0o2710
    assert (queue / "deferred/message").read_bytes() == b"mail"


def test_a_missing_account_is_named_with_what_to_do() -> None:
    with pytest.raises(NodeFailed, match=r"no-such-user.*Install"):
        Accounts.named("no-such-user")


def test_a_name_too_long_for_sockets_is_refused_before_anything_is_made(tmp_path: Path, accounts: Accounts) -> None:
    deep = tmp_path / ("x" * 100)

    with pytest.raises(NodeFailed, match="shorter name"):
        made(deep, accounts)

    assert not deep.exists()
