"""Mail that really came is tried again on a draft: only what would be different is told, and nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.story import Story
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = """
set my-hostname gw.example.test
set internal-relay-host 198.51.100.50
add relay-domain example.com
add network 10.0.0.0/8
add black 203.0.113.0/24 --reason "not you"
"""
STRANGER, BANNED, OURS = "192.0.2.77", "203.0.113.5", "10.1.2.3"


@pytest.fixture(scope="module")
def mailed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A gateway of this file's own that took and refused some mail, of which its log and its events tell."""
    directory = tmp_path_factory.mktemp("mailed")
    directory.chmod(0o755)
    story = Story(directory)
    try:
        some_mail(story)
        yield story
    finally:
        story.close()


@pytest.fixture
def story(mailed: Story) -> Story:
    """The draft is as what is live."""
    mailed.gateway.run("restore", "2", "--yes")
    return mailed


def some_mail(story: Story) -> None:
    """Have mail accepted and refused, and wait until the log and the events tell of it."""
    story.gateway.apply(BASE)
    sink = story.next_hop("198.51.100.50")
    story.send(STRANGER, "info@example.com")
    story.send(STRANGER, "info@example.com")
    story.rcpt(BANNED, "info@example.com")
    story.rcpt(STRANGER, "someone@elsewhere.test")
    wait_until(lambda: len(sink.messages) == 2, "both mails arrive")
    wait_until(lambda: story.gateway.mail_log().count(": removed") >= 4, "both mails are done with")


def test_what_a_draft_would_treat_otherwise_is_told_with_the_row_that_does(story: Story) -> None:
    story.gateway.configure("add black 192.0.2.0/24 --reason tired")

    answer = story.gateway.json("replay", expect=1)

    assert (answer["tried"], answer["mails"], answer["not_as_recorded"]) == (3, 4, 0)
    (difference,) = answer["differences"]
    assert (difference["noun"], difference["row"], difference["count"]) == ("black", "192.0.2.0/24", 1)
    assert difference["examples"][0]["client"] == STRANGER
    assert difference["examples"][0]["helo"] != ""


def test_a_draft_that_changes_nothing_for_mail_has_no_differences(story: Story) -> None:
    story.gateway.configure("add relay-domain new.test")

    said = story.gateway.run("replay")

    assert "none would be treated differently" in said


def test_people_read_before_and_after(story: Story) -> None:
    story.gateway.configure("remove black 203.0.113.0/24")
    before = len(story.gateway.mail_log())

    said = story.gateway.run("replay", expect=1)

    assert "No longer refused by black 203.0.113.0/24" in said
    assert "not you" in said
    assert f"from {BANNED}" in said
    new = story.gateway.mail_log()[before:]
    assert [word for word in ("client=", "NOQUEUE", STRANGER, BANNED) if word in new] == []


def test_only_what_came_lately_is_tried_when_asked_so(story: Story) -> None:
    answer = story.gateway.json("replay", "--count", "2", "--since", "1d")

    assert answer["tried"] == 2
