"""A change's way on a real gateway: refused, applied, undone, edited by hand, edited by two people."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.support.story import STRANGER, Story
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BASE = """
set my-hostname gw.example.test
add relay-domain example.com
set internal-relay-host 198.51.100.25
add network 10.1.2.0/24
set external-relay-host 198.51.100.99
"""


@pytest.fixture
def edited(story: Story) -> Iterator[Story]:
    """The base in force, and in the end no trace of edits by hand."""
    story.gateway.begin_with(BASE)
    yield story
    story.gateway.run("drift", "--overwrite", "--yes")


def in_force(story: Story) -> int:
    """Return the revision in force."""
    return int(story.gateway.json("status")["node"]["revision"])


def taken(story: Story, domain: str) -> bool:
    return story.rcpt(STRANGER, f"info@{domain}").code == 250


def test_nothing_is_live_before_apply_and_everything_after(story: Story) -> None:
    story.gateway.begin_with(BASE)
    story.gateway.run("add", "relay-domain", "new.test")
    before = taken(story, "new.test")

    story.gateway.apply()

    assert not before
    assert taken(story, "new.test")


def test_a_refused_change_leaves_the_live_gateway_as_it_was(story: Story, tmp_path: Path) -> None:
    story.gateway.begin_with(BASE)
    before = story.gateway.json("status")
    (tmp_path / "own").write_text("smtpd_timeout = 5x\n")
    story.gateway.run("edit", "main-cf", "--file", str(tmp_path / "own"))

    said = story.gateway.run("apply", "-m", "broken", expect=1)

    after = story.gateway.json("status")
    assert "smtpd_timeout" in said
    assert taken(story, "example.com")
    assert after["newest_revision"] == before["newest_revision"]
    assert after["node"]["revision"] == before["node"]["revision"]


def test_rollback_goes_back_and_restore_fills_the_draft(story: Story) -> None:
    story.gateway.begin_with(BASE)
    first = in_force(story)
    story.gateway.apply("add relay-domain new.test")
    second = in_force(story)
    story.gateway.run("rollback", str(first))
    after_rollback = taken(story, "new.test")
    story.gateway.run("rollback", str(second))
    story.gateway.run("restore", str(first))
    draft = story.gateway.json("list", "relay-domain")["rows"]

    assert not after_rollback
    assert taken(story, "new.test")
    assert [row["key"] for row in draft] == ["example.com"]


def test_apply_for_some_minutes_is_kept_when_confirmed(story: Story) -> None:
    story.gateway.begin_with(BASE)
    story.gateway.apply("add relay-domain new.test", "--for", "5")
    on_watch = story.gateway.json("status")["node"]["state"]
    story.gateway.run("add", "relay-domain", "another.test")
    refused = story.gateway.run("apply", "-m", "meanwhile", expect=1)

    story.gateway.run("confirm")

    assert on_watch == "on-watch"
    assert "confirm" in refused
    assert story.gateway.json("status")["node"]["state"] == "confirmed"
    assert taken(story, "new.test")


def test_apply_for_some_time_is_undone_when_nobody_confirms(story: Story) -> None:
    story.gateway.begin_with(BASE)
    revision = in_force(story)
    story.gateway.apply("add relay-domain new.test", "--for", "0.05")

    def undone() -> bool:
        with suppress(AssertionError):  # an undo restarts Postfix, and status says so by its exit code meanwhile
            node = story.gateway.json("status")["node"]
            return (node["revision"], node["state"]) == (revision, "confirmed")
        return False

    wait_until(undone, "the change is undone")

    assert not taken(story, "new.test")


def test_a_restart_keeps_the_revision_and_the_draft(story: Story) -> None:
    story.gateway.begin_with(BASE)
    story.gateway.run("add", "relay-domain", "draft.test")
    story.gateway.down()
    story.gateway.up()

    assert taken(story, "example.com")
    assert not taken(story, "draft.test")
    assert [row["key"] for row in story.gateway.json("list", "relay-domain")["rows"]] == ["draft.test", "example.com"]


def test_a_hand_edit_is_noticed_blocks_apply_and_can_be_adopted(edited: Story) -> None:
    story = edited
    main_cf = story.gateway.directory / "postfix" / "conf" / "main.cf"
    main_cf.write_text(main_cf.read_text() + "smtpd_banner = $myhostname ESMTP by hand\n")
    story.gateway.run("add", "relay-domain", "new.test")

    refused = story.gateway.run("apply", "-m", "x", expect=1)
    shown = story.gateway.run("drift", expect=1)
    story.gateway.run("drift", "--adopt")
    story.gateway.apply()

    assert "drift" in refused
    assert "+smtpd_banner = $myhostname ESMTP by hand" in shown
    assert "by hand" in str(story.client().banner)
    assert "smtpd_banner" in story.gateway.run("show", "main-cf")


def test_a_hand_edit_of_a_settings_parameter_is_adopted_as_the_setting(edited: Story) -> None:
    story = edited
    main_cf = story.gateway.directory / "postfix" / "conf" / "main.cf"
    main_cf.write_text(main_cf.read_text().replace("myhostname = gw.example.test", "myhostname = other.example.test"))

    story.gateway.run("drift", "--adopt")

    shown = {row["name"]: row["shown"] for row in story.gateway.json("show", "settings")}
    assert shown["my-hostname"] == "other.example.test"
    assert story.gateway.json("show", "main-cf")["text"] == ""


def test_a_hand_edit_can_be_overwritten(edited: Story) -> None:
    story = edited
    main_cf = story.gateway.directory / "postfix" / "conf" / "main.cf"
    before = main_cf.read_text()
    main_cf.write_text(before + "smtpd_banner = $myhostname ESMTP by hand\n")

    story.gateway.run("drift", "--overwrite", "--yes")

    assert main_cf.read_text() == before
    assert "by hand" not in str(story.client().banner)


def test_a_hand_edited_lookup_table_is_adopted_as_its_text(edited: Story, tmp_path: Path) -> None:
    story = edited
    (tmp_path / "table").write_text("a.test one\n")
    story.gateway.apply(f"add lookup-table words --type hash --file {tmp_path}/table")
    live = story.gateway.directory / "postfix" / "conf" / "maps.d" / "hash-words.map"
    live.write_text("a.test one\nb.test two\n")

    story.gateway.run("drift", "--adopt")
    story.gateway.apply()

    assert story.gateway.json("query", "words", "b.test", "--live")["value"] == "two"


def test_parallel_adds_are_all_kept(story: Story) -> None:
    names = [f"d{n}.test" for n in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: story.gateway.run("add", "relay-domain", name), names))

    assert sorted(row["key"] for row in story.gateway.json("list", "relay-domain")["rows"]) == sorted(names)


def test_a_stale_edit_is_refused_and_what_was_typed_is_kept(story: Story, tmp_path: Path) -> None:
    (tmp_path / "one").write_text("# one\n")
    (tmp_path / "two").write_text("# two\n")
    story.gateway.run("edit", "main-cf", "--file", str(tmp_path / "one"))
    base = str(story.gateway.json("show", "main-cf")["version"])
    (tmp_path / "one").write_text("# one and a half\n")
    story.gateway.run("edit", "main-cf", "--file", str(tmp_path / "one"))

    said = story.gateway.run("edit", "main-cf", "--file", str(tmp_path / "two"), "--base", base, expect=1)

    assert "changed" in said
    assert story.gateway.json("show", "main-cf")["text"] == "# one and a half\n"


def test_a_queue_survives_apply_and_rollback(story: Story) -> None:
    story.gateway.begin_with(BASE)
    revision = in_force(story)
    for number in range(5):
        story.send("10.1.2.3", f"x{number}@foreign.test")
    waiting = lambda: len(story.gateway.json("queue", "list"))  # noqa: E731
    wait_until(lambda: waiting() == 5, "five messages wait")

    story.gateway.apply("add relay-domain new.test")
    story.gateway.run("rollback", str(revision))

    assert waiting() == 5
