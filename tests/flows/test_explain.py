"""Asking what becomes of a mail, on the draft and on what is live, while the gateway runs on undisturbed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.story import Story

BASE = """
set my-hostname gw.example.test
set internal-relay-host 198.51.100.50
add relay-domain example.com
add black 203.0.113.0/24 --reason "not you"
"""
STRANGER, BANNED = "192.0.2.77", "203.0.113.5"


def opinion(stages: list[dict[str, str]], name: str) -> str:
    return next(stage["opinion"] for stage in stages if stage["name"] == name)


def test_the_draft_is_explained_before_it_is_live(story: Story) -> None:
    story.gateway.configure(BASE)

    answer = story.gateway.json("explain", BANNED, "info@example.com", expect=1)

    assert (answer["decided"], answer["opinion"]) == ("client", "refused")
    assert "not you" in answer["reply"]


def test_live_and_draft_are_told_apart(story: Story) -> None:
    story.gateway.begin_with(BASE)
    story.gateway.configure("remove black 203.0.113.0/24")

    live = story.gateway.json("explain", BANNED, "info@example.com", "--live", expect=1)
    draft = story.gateway.json("explain", BANNED, "info@example.com")

    assert (live["opinion"], draft["opinion"]) == ("refused", "permitted")
    assert opinion(draft["stages"], "MPA") == "passed"


def test_an_explanation_leaves_no_trace_on_the_gateway(story: Story) -> None:
    story.gateway.begin_with(BASE)

    story.gateway.run("explain", STRANGER, "info@example.com", "--live")

    assert not {STRANGER, "info@example.com"} & set(re.split(r"[\s<>\[\]]", story.gateway.mail_log()))
    assert story.gateway.json("queue", "list") == []


def test_people_read_what_decided_and_where_to_change_it(story: Story) -> None:
    story.gateway.begin_with(BASE)

    said = story.gateway.run("explain", BANNED, "info@example.com", "--live", expect=1)

    assert "The mail is refused (client)." in said
    assert "to change it: black 203.0.113.0/24" in said
    assert "in cidr:" in said


def test_a_mail_that_nobody_could_send_is_refused_in_words(story: Story) -> None:
    story.gateway.begin_with(BASE)

    assert "no IP address" in story.gateway.run("explain", "nobody", "info@example.com", "--live", expect=2)
