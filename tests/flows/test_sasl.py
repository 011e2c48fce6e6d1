"""SASL passwords: the next hop sees the right login, for each way in which a next hop can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.story import SPELLINGS, Story, arrived, destinations, subject

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "pa$$ w0rd #{x}:y"
BASE = "set my-hostname gw.example.test\nadd network 10.1.2.0/24\nset tls-outgoing may\n"


BY_ITS_MX = "smtp.next.test --mx"
"""Not together with the host of that name: smtp(8) asks for the name of the server before the next hop as written."""


@pytest.mark.parametrize(
    "ways",
    [[way for way in SPELLINGS if way[0] != BY_ITS_MX], [way for way in SPELLINGS if way[0] == BY_ITS_MX]],
    ids=["together", BY_ITS_MX],
)
def test_the_next_hop_sees_the_login(story: Story, tmp_path: Path, ways: list[tuple[str, str, int]]) -> None:
    """Each spelling is the next hop of a domain, with a login of its own; the last is the relay host as well."""
    story.know_the_next_hops()
    hops = {place: story.next_hop(*place, auth=True) for place in {(address, port) for _, address, port in ways}}
    users = {words: f"relay{number}" for number, (words, *_) in enumerate(ways)}
    domains = {f"foreign{number}.test": way for number, way in enumerate(ways)}
    for domain, (words, *_) in domains.items():
        password = tmp_path / users[words]
        password.write_text(f"{PASSWORD} {users[words]}\n")
        story.gateway.run("add", "transport", domain, *words.split())
        story.gateway.run("add", "sasl", *words.split(), "--user", users[words], "--password-file", str(password))
    domains["elsewhere.test"] = ways[-1]
    story.gateway.apply(f"{BASE}set external-relay-host {ways[-1][0]}")

    for domain in domains:
        story.send("10.1.2.3", f"x@{domain}", subject(f"to {domain}"))
    destinations(hops, [f"to {domain}" for domain in domains])

    assert {
        (message.recipients[0].partition("@")[2], *place, message.login)
        for place, hop in hops.items()
        for message in hop.messages
    } == {
        (domain, address, port, f"{users[words]}:{PASSWORD} {users[words]}")
        for domain, (words, address, port) in domains.items()
    }


def test_a_login_for_a_transport_is_used_for_it_alone_and_its_password_is_in_no_file_but_the_one_for_root(
    story: Story, tmp_path: Path
) -> None:
    branch, rest = story.next_hop("198.51.100.34", auth=True), story.next_hop("198.51.100.35", auth=True)
    (tmp_path / "password").write_text("Very-Secret-Word")
    story.gateway.apply(
        f"{BASE}set external-relay-host 198.51.100.35\nadd transport branch.test 198.51.100.34\n"
        f"add sasl 198.51.100.34 --user branch --password-file {tmp_path}/password"
    )

    story.send("10.1.2.3", "x@branch.test", subject("to the branch"))
    story.send("10.1.2.3", "x@foreign.test", subject("to the rest"))

    assert arrived(branch, b"to the branch").login == "branch:Very-Secret-Word"
    assert arrived(rest, b"to the rest").login == ""
    holding = [
        path
        for path in story.gateway.directory.rglob("*")
        if path.is_file() and not path.is_symlink() and b"Very-Secret-Word" in path.read_bytes()
    ]
    assert holding
    assert all(path.stat().st_mode & 0o077 == 0 and path.stat().st_uid == 0 for path in holding)


def test_a_login_that_another_one_for_the_same_server_hides_is_a_finding(story: Story, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    for words, user in (("smtp.next.test", "relay"), (BY_ITS_MX, "other")):
        story.gateway.run("add", "sasl", *words.split(), "--user", user, "--password-file", f"{tmp_path}/password")
    story.gateway.run("set", "external-relay-host", "smtp.next.test")

    found = story.gateway.json("check", expect=1)["findings"]

    assert "sasl-key-shadowed" in {finding["code"] for finding in found}


def test_a_login_that_no_next_hop_would_use_is_a_finding(story: Story, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret")
    story.gateway.configure(
        f"{BASE}set external-relay-host smtp.next.test --port 587\n"
        f"add sasl smtp.next.test --port 2525 --user relay --password-file {tmp_path}/password"
    )

    found = story.gateway.json("check", expect=1)["findings"]

    assert "sasl-key-other-spelling" in {finding["code"] for finding in found}
