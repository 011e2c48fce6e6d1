"""Who may newly do what is said before it is possible: by check, by diff and by apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.story import Story

BASE = """
set my-hostname gw.example.test
set internal-relay-host 198.51.100.50
add relay-domain example.com
add network 10.0.0.0/16
add black 203.0.113.0/24
"""
WIDER = "Clients 10.9.0.0/24 may newly send mail to any domain."


def test_check_diff_and_apply_say_who_may_newly_relay(story: Story) -> None:
    story.gateway.begin_with(BASE)
    story.gateway.configure("add network 10.9.0.0/24")

    checked = story.gateway.json("check")["newly_possible"]
    differing = story.gateway.run("diff")
    applied = story.gateway.run("apply", "-m", "more of us")

    assert checked == [WIDER]
    assert f"newly possible: {WIDER}" in differing
    assert f"newly possible: {WIDER}" in applied


def test_a_draft_that_opens_nothing_says_nothing(story: Story) -> None:
    story.gateway.begin_with(BASE)
    story.gateway.configure("add transport example.com 198.51.100.60")

    assert story.gateway.json("check")["newly_possible"] == []
    assert "newly possible" not in story.gateway.run("diff")


def test_new_domains_and_clients_that_leave_the_black_list_are_both_said(story: Story) -> None:
    story.gateway.begin_with(BASE)
    story.gateway.configure("remove black 203.0.113.0/24\nadd relay-domain new.test")

    assert story.gateway.json("check")["newly_possible"] == [
        "Clients 203.0.113.0/24 may newly send mail for our own domains.",
        "Mail for new.test is newly accepted from everybody.",
    ]
