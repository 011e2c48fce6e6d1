"""SASL passwords: the next hop sees the right login, for each way in which a next hop can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.story import SPELLINGS, Story, arrived, subject

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "pa$$ w0rd #{x}:y"
BASE = "set my-hostname gw.example.test\nadd network 10.1.2.0/24\nset tls-outgoing may\n"


@pytest.mark.parametrize(("words", "address", "port"), SPELLINGS)
def test_the_next_hop_sees_the_login(story: Story, tmp_path: Path, words: str, address: str, port: int) -> None:
    story.know_the_next_hops()
    hop = story.next_hop(address, port, auth=True)
    (tmp_path / "password").write_text(PASSWORD + "\n")
    story.gateway.apply(
        f"{BASE}set external-relay-host {words}\nadd sasl {words} --user relay --password-file {tmp_path}/password"
    )

    story.send("10.1.2.3", "x@foreign.test", subject("with login"))

    assert arrived(hop, b"with login").login == f"relay:{PASSWORD}"


def test_a_login_for_a_transport_is_used_for_it_alone(story: Story, tmp_path: Path) -> None:
    branch, rest = story.next_hop("198.51.100.34", auth=True), story.next_hop("198.51.100.35", auth=True)
    (tmp_path / "password").write_text("secret")
    story.gateway.apply(
        f"{BASE}set external-relay-host 198.51.100.35\nadd transport branch.test 198.51.100.34\n"
        f"add sasl 198.51.100.34 --user branch --password-file {tmp_path}/password"
    )

    story.send("10.1.2.3", "x@branch.test", subject("to the branch"))
    story.send("10.1.2.3", "x@foreign.test", subject("to the rest"))

    assert arrived(branch, b"to the branch").login == "branch:secret"
    assert arrived(rest, b"to the rest").login == ""


def test_a_login_that_no_next_hop_would_use_is_a_finding(story: Story, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret")
    story.gateway.configure(
        f"{BASE}set external-relay-host smtp.next.test --port 587\n"
        f"add sasl smtp.next.test --port 2525 --user relay --password-file {tmp_path}/password"
    )

    found = story.gateway.json("check", expect=1)["findings"]

    assert "sasl-key-other-spelling" in {finding["code"] for finding in found}


def test_the_password_is_in_no_file_but_the_one_for_root(story: Story, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("Very-Secret-Word")
    story.gateway.apply(
        f"{BASE}set external-relay-host 198.51.100.35\n"
        f"add sasl 198.51.100.35 --user relay --password-file {tmp_path}/password"
    )

    holding = [
        path
        for path in story.gateway.directory.rglob("*")
        if path.is_file() and not path.is_symlink() and b"Very-Secret-Word" in path.read_bytes()
    ]

    assert holding
    assert all(path.stat().st_mode & 0o077 == 0 and path.stat().st_uid == 0 for path in holding)
