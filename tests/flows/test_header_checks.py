"""Header checks as a postmaster types them, tried by real mail."""

from __future__ import annotations

import shlex
from itertools import product

from tests.support.story import STRANGER, Story, arrived, subject

BASE = """
set my-hostname gw.example.test
add relay-domain example.com
set internal-relay-host 198.51.100.25
"""


def sent(story: Story, content: bytes) -> str:
    return str(story.send(STRANGER, "info@example.com", content))


def test_a_folded_subject_passes_a_literal_blank_and_not_a_pattern_of_white_space(story: Story) -> None:
    """An encoded subject is matched as it is sent, not as it is read."""
    folded, encoded = b"Subject: make money\r\n fast\r\n\r\nx\r\n", b"Subject: =?utf-8?q?make_money_fast?=\r\n\r\nx\r\n"
    story.next_hop("198.51.100.25")
    story.gateway.apply(BASE + "add header-check '/^Subject: make money fast/' REJECT 'spam detected'")
    with_blank = [sent(story, content) for content in (folded, encoded, subject("make money fast"))]

    story.gateway.apply(r"add header-check '/^Subject:\s+make\s+money\s+fast/' REJECT 'spam detected'")

    assert [said[:3] for said in with_blank] == ["250", "250", "550"]
    assert sent(story, folded).startswith("550 5.7.1 spam detected")


KINDS = {
    "header-check": ("/^X-Bad: LANGUAGE/", b"X-Bad: LANGUAGE\r\n\r\nx\r\n"),
    "body-check": ("/buy LANGUAGE now/", b"Subject: x\r\n\r\nplease buy LANGUAGE now\r\n"),
    "mime-header-check": (
        r"""/name="?[^"]*\.LANGUAGE/""",
        b'MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name="a.LANGUAGE"\r\n\r\nx\r\n',
    ),
    "nested-header-check": (
        "/^X-Inner: LANGUAGE/",
        b"MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\nX-Inner: LANGUAGE\r\n\r\nx\r\n",
    ),
}


CASES = list(product(KINDS, ("pcre", "regexp")))
RULES = BASE + "\n".join(
    [
        *(
            f"add {noun} {shlex.quote(KINDS[noun][0].replace('LANGUAGE', language))} "
            f"REJECT 'by {noun} {language}' --type {language}"
            for noun, language in CASES
        ),
        "add header-check '/^X-Order: one/' REJECT first --type pcre",
        "add header-check '/^X-Order: o/' REJECT second --type regexp",
        "add header-check '/^X-Order:/' REJECT third --type pcre",
        "add header-check '/^Subject: prepended/' PREPEND 'X-Seen: yes'",
    ]
)


def test_each_kind_of_check_rejects_what_it_is_for(story: Story) -> None:
    """Of each kind one rule in each language, for a word and with a text of its own."""
    story.next_hop("198.51.100.25")
    story.gateway.begin_with(RULES)

    said = {
        (noun, language): sent(story, KINDS[noun][1].replace(b"LANGUAGE", language.encode()))
        for noun, language in CASES
    }

    assert said == {(noun, language): f"550 5.7.1 by {noun} {language}" for noun, language in CASES}
    assert sent(story, subject("harmless")).startswith("250")


def test_the_first_rule_that_matches_decides_across_both_languages(story: Story) -> None:
    story.gateway.begin_with(RULES)

    said = {word: sent(story, b"X-Order: " + word.encode() + b"\r\n\r\nx\r\n") for word in ("one", "other", "else")}

    assert said == {"one": "550 5.7.1 first", "other": "550 5.7.1 second", "else": "550 5.7.1 third"}


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
    story.gateway.begin_with(RULES)

    sent(story, subject("prepended"))

    assert arrived(hop, b"prepended").content.count(b"X-Seen: yes") == 1
