"""A drill on a real gateway: parts fail in its sealed copy, and the gateway itself never notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.story import Story

BASE = """
set my-hostname gw.example.test
set internal-relay-host 198.51.100.50
add relay-domain example.com
add network 10.0.0.0/16
"""


def test_mail_survives_the_failures_of_next_hop_and_mpa(story: Story) -> None:
    story.gateway.begin_with(BASE)
    before = len(story.gateway.mail_log())

    answer = story.gateway.json("drill", "--live", "--fault", "next-hop", "--fault", "mpa")

    assert len(answer["results"]) == 12
    assert not any(one["lost"] for one in answer["results"])
    assert "client=" not in story.gateway.mail_log()[before:]
    assert story.gateway.json("queue", "list") == []


def test_people_read_what_senders_see_and_where_the_mail_is(story: Story) -> None:
    story.gateway.configure(BASE)

    said = story.gateway.run("drill", "--fault", "mpa", "--fault", "tables")

    assert "The MPA is down:" in said
    assert "mail from outside for example.com" in said
    assert "it went to 198.51.100.50 port 25." in said
    assert "451 4.3.0" in said
    assert "none would be lost" in said
