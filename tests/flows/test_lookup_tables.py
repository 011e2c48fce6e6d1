"""Named look-up tables, used from the administrator's own main.cf lines."""

from __future__ import annotations

import ssl
from itertools import product
from typing import TYPE_CHECKING

import trustme
from tests.support.story import STRANGER, Story, arrived, subject

if TYPE_CHECKING:
    from pathlib import Path

BASE = """
set my-hostname gw.example.test
add relay-domain example.com
set internal-relay-host 198.51.100.25
"""
LINES = {
    "hash": "203.0.113.{} REJECT by table {}\n",
    "btree": "203.0.113.{} REJECT by table {}\n",
    "cidr": "203.0.113.{}/32 REJECT by table {}\n",
    "pcre": "/^203\\.0\\.113\\.{}$/ REJECT by table {}\n",
    "regexp": "/^203\\.0\\.113\\.{}$/ REJECT by table {}\n",
}


def test_a_table_of_each_type_works_from_an_own_line(story: Story, tmp_path: Path) -> None:
    """By each spelling of the directory a table of each type; each rejects one client, with a text of its own."""
    places = ("$maps_d_dir", str(story.gateway.directory / "postfix" / "conf" / "maps.d"))
    tables = {
        f"203.0.113.{number}": (kind, f"bad{number}", place)
        for number, (kind, place) in enumerate(product(LINES, places), 20)
    }
    for number, (kind, name, _) in enumerate(tables.values(), 20):
        (tmp_path / name).write_text(LINES[kind].format(number, name))
        story.gateway.run("add", "lookup-table", name, "--type", kind, "--file", str(tmp_path / name))
    checks = "\n".join(
        f" check_client_access {kind}:{place}/{kind}-{name}.map" for kind, name, place in tables.values()
    )
    (tmp_path / "own").write_text(f"smtpd_sender_restrictions =\n{checks}\n")
    story.gateway.apply(BASE + f"edit main-cf --file {tmp_path}/own")

    said = {client: str(story.rcpt(client, "info@example.com")) for client in tables}

    wrong = {
        tables[client]: reply
        for client, reply in said.items()
        if not (reply.startswith("554 5.7.1") and reply.endswith(f"by table {tables[client][1]}"))
    }
    assert wrong == {}
    assert story.rcpt(STRANGER, "info@example.com").code == 250


def test_a_table_that_is_used_is_not_removed_and_the_place_is_named(story: Story, tmp_path: Path) -> None:
    (tmp_path / "table").write_text("203.0.113.7 REJECT by table\n")
    (tmp_path / "own").write_text("smtpd_sender_restrictions = check_client_access hash:$maps_d_dir/hash-bad.map\n")
    story.gateway.configure(
        f"add lookup-table bad --type hash --file {tmp_path}/table\nedit main-cf --file {tmp_path}/own"
    )

    said = story.gateway.run("remove", "lookup-table", "bad", expect=1)

    assert "smtpd_sender_restrictions" in said or "line 1" in said


def test_the_walk_through_of_the_tls_policy_table(story: Story, tmp_path: Path) -> None:
    """Table tls-policy of type hash, one own line, apply: example.com gets mail over TLS or not at all."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mx.example.com").configure_cert(context)
    story.dns.add("example.com", "MX", "10 mx.example.com")
    story.dns.add("mx.example.com", "A", "198.51.100.71")
    plain = story.next_hop("198.51.100.71")
    (tmp_path / "table").write_text("example.com encrypt\n")
    (tmp_path / "own").write_text("smtp_tls_policy_maps = hash:$maps_d_dir/hash-tls-policy.map\n")
    story.gateway.apply(
        "set my-hostname gw.example.test\nadd network 10.1.2.0/24\n"
        f"add lookup-table tls-policy --type hash --file {tmp_path}/table\nedit main-cf --file {tmp_path}/own"
    )

    story.send("10.1.2.3", "a@example.com", subject("over tls only"))
    waiting = story.deferred("TLS is required")
    assert not plain.messages
    plain.script.tls = context
    story.gateway.run("queue", "flush", "--all")

    assert waiting
    assert arrived(plain, b"over tls only").tls


def test_a_table_is_queried_and_an_address_resolved_by_the_real_services_in_the_draft_and_live(
    story: Story, tmp_path: Path
) -> None:
    (tmp_path / "table").write_text("example.com one\n")
    story.gateway.apply(
        f"{BASE}add lookup-table words --type hash --file {tmp_path}/table\n"
        "add transport branch.test 198.51.100.28 --port 2527"
    )
    (tmp_path / "table").write_text("example.com two\n")
    story.gateway.run("edit", "lookup-table", "words", "--file", str(tmp_path / "table"))
    story.gateway.run("add", "transport", "new.test", "198.51.100.29")

    live = story.gateway.json("resolve", "x@branch.test", "--live")
    draft = story.gateway.json("resolve", "x@new.test")

    assert story.gateway.json("query", "words", "example.com")["value"] == "two"
    assert story.gateway.json("query", "words", "example.com", "--live")["value"] == "one"
    assert (live["transport"], live["next_hop"]) == ("smtp", "[198.51.100.28]:2527")
    assert (draft["transport"], draft["next_hop"]) == ("smtp", "[198.51.100.29]")
