"""Header checks as a postmaster types them, tried by real mail."""

from __future__ import annotations

import pytest
from tests.support.story import STRANGER, Story, arrived, subject

BASE = """
set my-hostname gw.example.test
add relay-domain example.com
set internal-relay-host 198.51.100.25
"""


def sent(story: Story, content: bytes) -> str:
    return str(story.send(STRANGER, "info@example.com", content))


def test_a_folded_subject_passes_a_literal_blank_and_not_a_pattern_of_white_space(story: Story) -> None:
    folded = b"Subject: make money\r\n fast\r\n\r\nx\r\n"
    story.next_hop("198.51.100.25")
    story.gateway.apply(BASE + "add header-check '/^Subject: make money fast/' REJECT 'spam detected'")
    with_blank = sent(story, folded)

    story.gateway.apply(r"add header-check '/^Subject:\s+make\s+money\s+fast/' REJECT 'spam detected'")

    assert with_blank.startswith("250")
    assert sent(story, folded).startswith("550 5.7.1 spam detected")


def test_an_encoded_subject_is_matched_as_it_is_sent_not_as_it_is_read(story: Story) -> None:
    story.next_hop("198.51.100.25")
    story.gateway.apply(BASE + "add header-check '/^Subject: make money fast/' REJECT 'spam detected'")

    assert sent(story, b"Subject: =?utf-8?q?make_money_fast?=\r\n\r\nx\r\n").startswith("250")


@pytest.mark.parametrize(
    ("noun", "pattern", "content"),
    [
        ("header-check", "/^X-Bad:/", b"X-Bad: yes\r\n\r\nx\r\n"),
        ("body-check", "/buy now/", b"Subject: x\r\n\r\nplease buy now\r\n"),
        (
            "mime-header-check",
            r"""/name="?[^"]*\.exe/""",
            b'MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name="a.exe"\r\n\r\nx\r\n',
        ),
        (
            "nested-header-check",
            "/^X-Inner:/",
            b"MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\nX-Inner: yes\r\n\r\nx\r\n",
        ),
    ],
)
@pytest.mark.parametrize("language", ["pcre", "regexp"])
def test_each_kind_of_check_rejects_what_it_is_for(
    story: Story, noun: str, pattern: str, content: bytes, language: str
) -> None:
    story.next_hop("198.51.100.25")
    story.gateway.configure(BASE)
    story.gateway.run("add", noun, pattern, "REJECT", "not here", "--type", language)
    story.gateway.apply()

    assert sent(story, content).startswith("550 5.7.1 not here")
    assert sent(story, subject("harmless")).startswith("250")


def test_the_first_rule_that_matches_decides_across_both_languages(story: Story) -> None:
    story.next_hop("198.51.100.25")
    story.gateway.apply(
        BASE
        + "add header-check '/^Subject: one/' REJECT first --type pcre\n"
        + "add header-check '/^Subject: o/' REJECT second --type regexp\n"
        + "add header-check '/^Subject:/' REJECT third --type pcre\n"
    )

    assert "first" in sent(story, subject("one"))
    assert "second" in sent(story, subject("other"))
    assert "third" in sent(story, subject("else"))


def test_rules_can_be_moved_disabled_and_enabled(story: Story) -> None:
    story.next_hop("198.51.100.25")
    story.gateway.configure(
        BASE + "add header-check '/^Subject: a/' REJECT first\nadd header-check '/^Subject: ab/' REJECT second\n"
    )
    first, second = (row["key"] for row in story.gateway.json("list", "header-check")["rows"])
    story.gateway.apply(f"move header-check {second} --before {first}")
    moved = sent(story, subject("abc"))
    story.gateway.apply(f"disable header-check {second}")
    disabled = sent(story, subject("abc"))

    assert "second" in moved
    assert "first" in disabled


def test_mail_coming_back_from_the_mpa_is_not_checked_twice(story: Story) -> None:
    hop = story.next_hop("198.51.100.25")
    story.gateway.apply(BASE + "add header-check '/^Subject:/' PREPEND 'X-Seen: yes'")

    sent(story, subject("prepended"))

    assert arrived(hop, b"prepended").content.count(b"X-Seen: yes") == 1
