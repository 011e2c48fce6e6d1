from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealgate.services import own_lines, rendering, rows, settings
from sealgate.services.states import DRAFT, LIVE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway


def found(gateway: Gateway, actor: Actor) -> dict[str, tuple[str, ...]]:
    with rendering.file_differences(gateway, actor, LIVE, DRAFT) as files:
        return {item.file: item.lines for item in files}


def test_equal_states_render_to_equal_files(gateway: Gateway, ann: Actor) -> None:
    assert found(gateway, ann) == {}


def test_a_setting_changes_its_line(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "unverified-recipient-reject-code", 550)

    lines = found(gateway, ann)["main.cf"]

    assert [line for line in lines if line[0] in "+-"] == [
        "-unverified_recipient_reject_code = 450",
        "+unverified_recipient_reject_code = 550",
    ]


def test_own_lines_are_seen_in_the_file(gateway: Gateway, ann: Actor) -> None:
    own_lines.edit(gateway, ann, "main-cf", "mail_name = X\n")

    assert "+mail_name = X" in found(gateway, ann)["main.cf"]


@pytest.mark.parametrize(
    ("noun", "row", "file", "line"),
    [
        (
            "transport",
            {"pattern": "a.example", "host": "mx.example.net"},
            "maps/transport",
            "+a.example smtp:[mx.example.net]",
        ),
        ("relay-domain", {"domain": "a.example"}, "maps/relay_domains", "+a.example OK"),
        ("network", {"network": "10.0.0.0/8"}, "maps/mynetworks.cidr", "+10.0.0.0/8 OK"),
    ],
)
def test_a_row_is_seen_in_its_table(
    gateway: Gateway, ann: Actor, noun: str, row: dict[str, Any], file: str, line: str
) -> None:
    rows.add(gateway, ann, noun, row)

    assert line in found(gateway, ann)[file]


def test_a_big_table_shows_only_the_rows_that_differ(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    for number in range(100):
        rows.add(gateway, ann, "transport", {"pattern": f"d{number}.example", "host": "mx.example.net"})
    applied()
    rows.change(gateway, ann, "transport", "d7.example", {"port": 26})

    assert found(gateway, ann) == {
        "maps/transport": ("-d7.example smtp:[mx.example.net]", "+d7.example smtp:[mx.example.net]:26")
    }


def test_a_disabled_row_leaves_its_table(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "a.example"})
    applied()
    rows.switch(gateway, ann, "relay-domain", ["a.example"], enabled=False)

    assert found(gateway, ann) == {"maps/relay_domains": ("-a.example OK",)}


def test_a_table_that_is_written_anew_says_so(gateway: Gateway, ann: Actor, applied: Callable[[], int]) -> None:
    rows.add(gateway, ann, "relay-domain", {"domain": "a.example"})
    applied()
    settings.set_value(gateway, ann, "match-subdomains", "yes")

    assert found(gateway, ann)["maps/relay_domains"] == ("(every row is written anew: 1 rows)",)


def test_a_lookup_tables_file_comes_with_its_lines(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "lookup-table", {"name": "t", "type": "hash", "content": "a 1\n"})

    assert "+a 1" in found(gateway, ann)["maps.d/hash-t.map"]


def test_a_password_is_in_no_rendered_file(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "sasl", {"host": "smtp.example.net", "user": "u", "password": "hunter two"})

    said = repr(found(gateway, ann))
    assert "u:(secret)" in said
    assert "hunter two" not in said


def test_a_whole_file_can_be_looked_at(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "my-hostname", "gw.example.com")

    assert "\nmyhostname = gw.example.com\n" in rendering.rendered_file(gateway, ann, DRAFT, "main.cf")
