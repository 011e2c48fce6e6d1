"""A change in words: what became of each field, who may newly do what, and never a secret."""

from __future__ import annotations

import pytest

from sealgate.model.nouns import NOUNS
from sealgate.services.wording import (
    MOST_CHUNKS,
    MOST_TEXT_LINES,
    SECRET_SHOWN,
    What,
    difference,
    differences,
    shown_fields,
    shown_setting,
    text_difference,
    widening,
)
from sealgate.store import Change, Stored


def row(noun, key, fields, *, comment="", enabled=True, position=0):
    return Stored(noun, key, fields, comment, enabled, position, None, 1)


def canonical(noun, fields, **special):
    value = NOUNS[noun].parse(fields)
    return row(noun, NOUNS[noun].key(value), NOUNS[noun].fields(value), **special)


def no_content(digest):
    raise AssertionError(digest)


def change(old, new):
    one = new or old
    return Change(one.noun, one.key, old, new)


def said(old, new, content=no_content):
    return difference(change(old, new), content)


BLACK = canonical("black", {"client": "10.0.0.1", "reason": "spam"})
LOGIN = row("sasl", "[mx.example.com]", {"destination": "[mx.example.com]", "user": "ann", "password": "sealed:aa"})


@pytest.mark.parametrize(
    ("old", "new", "what"), [(None, BLACK, What.ADDED), (BLACK, None, What.REMOVED), (BLACK, BLACK, What.CHANGED)]
)
def test_what_became_of_an_object_is_said(old, new, what):
    assert said(old, new).what is what


def test_only_fields_that_differ_are_said():
    new = canonical("black", {"client": "10.0.0.1", "reason": "much spam"})

    assert [(one.field, one.old, one.new) for one in said(BLACK, new).fields] == [("reason", "spam", "much spam")]


def test_fields_have_the_titles_of_the_page():
    new = canonical("black", {"client": "10.0.0.1", "reason": "much spam"})

    assert said(BLACK, new).fields[0].title == NOUNS["black"].column("reason").title


def test_a_row_switched_off_is_said():
    (one,) = said(BLACK, BLACK._replace(enabled=False)).fields

    assert (one.field, one.old, one.new) == ("enabled", True, False)


def test_a_row_moved_in_its_list_is_said():
    (one,) = said(BLACK, BLACK._replace(position=4)).fields

    assert (one.field, one.old, one.new) == ("position", 0, 4)


def test_a_new_row_says_neither_its_place_nor_that_it_is_on():
    assert {one.field for one in said(None, BLACK._replace(position=4)).fields} <= {"client", "reason", "expires"}


def test_a_new_row_says_its_comment():
    assert ("comment", None, "why") in [
        (one.field, one.old, one.new) for one in said(None, BLACK._replace(comment="why")).fields
    ]


def test_a_field_that_this_version_does_not_know_is_said_by_its_name():
    new = BLACK._replace(fields=BLACK.fields | {"colour": "red"})

    assert [(one.field, one.title) for one in said(BLACK, new).fields] == [("colour", "colour")]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (None, LOGIN, (None, SECRET_SHOWN)),
        (LOGIN, None, (SECRET_SHOWN, None)),
        (LOGIN, LOGIN._replace(fields=LOGIN.fields | {"password": "sealed:bb"}), (SECRET_SHOWN, "stored anew")),
    ],
)
def test_of_a_secret_only_that_it_is_stored_is_said(old, new, words):
    assert [(one.old, one.new) for one in said(old, new).fields if one.field == "password"] == [words]


@pytest.mark.parametrize("pair", [(None, LOGIN), (LOGIN, None)])
def test_a_secret_is_nowhere_in_the_words(pair):
    assert "sealed:" not in str(said(*pair))


def test_a_row_shows_that_a_secret_is_stored():
    assert shown_fields(LOGIN) == LOGIN.fields | {"password": SECRET_SHOWN}


def test_a_secret_that_is_not_set_is_not_called_stored():
    assert shown_fields(LOGIN._replace(fields=LOGIN.fields | {"password": ""}))["password"] == ""


def test_a_secret_setting_is_only_stored():
    assert shown_fields(row("setting", "tls-key", {"value": "sealed:aa"})) == {"value": SECRET_SHOWN}


def test_another_setting_is_shown():
    assert shown_fields(row("setting", "queue-lifetime", {"value": 5})) == {"value": 5}


def test_a_setting_that_was_never_set_had_its_default():
    found = said(None, row("setting", "match-subdomains", {"value": True}))

    assert (found.fields[0].old, found.fields[0].new) == (
        shown_setting("match-subdomains", False),
        shown_setting("match-subdomains", True),
    )


def test_a_setting_of_another_version_is_said_by_its_name():
    found = said(row("setting", "colour", {"value": "red"}), None)

    assert (found.title, found.fields[0].old, found.fields[0].new) == ("colour", "red", "")


def test_a_value_that_a_setting_no_longer_takes_is_shown_as_it_is():
    assert shown_setting("queue-lifetime", "for ever") == "for ever"


def test_own_lines_are_compared_line_by_line():
    old, new = (
        row("own-lines", "main-cf", {"text": "a = 1\nb = 2\n"}),
        row("own-lines", "main-cf", {"text": "a = 1\nb = 3\n"}),
    )

    assert said(old, new).lines == ("@@ -1,2 +1,2 @@", " a = 1", "-b = 2", "+b = 3")


def test_own_lines_that_were_empty_are_all_new():
    assert said(None, row("own-lines", "main-cf", {"text": "a = 1\n"})).lines[1:] == ("+a = 1",)


def test_texts_of_too_many_lines_are_counted_only():
    assert list(text_difference("", "x\n" * (MOST_TEXT_LINES + 1), "x")) == [
        f"(0 lines before, {MOST_TEXT_LINES + 1} after: too many to compare here)"
    ]


def test_equal_texts_have_no_difference():
    assert list(text_difference("a\n", "a\n", "x")) == []


def table(*content):
    return row("lookup-table", "x", {"name": "x", "type": "hash", "content": list(content), "size": 1, "lines": 1})


def test_the_text_of_a_look_up_table_is_compared():
    pieces = {"aa": b"one OK\n", "bb": b"two OK\n"}

    assert said(table("aa"), table("bb"), pieces.__getitem__).lines[1:] == ("-one OK", "+two OK")


def test_a_text_that_did_not_change_is_not_read():
    assert said(table("aa"), table("aa")).lines == ()


def test_a_very_long_text_is_not_read():
    assert said(None, table(*["aa"] * (MOST_CHUNKS + 1))).lines == (
        "(a long text: the rendered files show what changed)",
    )


def net(key, **special):
    return row("network", key, {"network": key}, **special)


WHITE = row("white", "192.0.2.1", {"client": "192.0.2.1"})
DOMAIN = row("relay-domain", "a.example", {"domain": "a.example"})


def until(day):
    return row("white", "192.0.2.1", {"client": "192.0.2.1", "expires": day})


def cloud(*networks, senders="own"):
    return row("provider", "cloud", {"name": "cloud", "networks": list(networks), "senders": senders})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (None, net("10.0.0.0/8"), "10.0.0.0/8 may relay to anywhere"),
        (net("10.0.0.0/8"), None, ""),
        (None, net("!10.0.0.1"), ""),
        (net("!10.0.0.1"), None, "10.0.0.1 may relay to anywhere"),
        (net("!10.0.0.1"), net("!10.0.0.1", enabled=False), "10.0.0.1 may relay to anywhere"),
        (None, net("10.0.0.0/8", enabled=False), ""),
        (net("10.0.0.0/8", enabled=False), net("10.0.0.0/8"), "10.0.0.0/8 may relay to anywhere"),
        (net("10.0.0.0/8"), net("10.0.0.0/8", comment="x"), ""),
        (None, DOMAIN, "mail for a.example is accepted"),
        (DOMAIN, None, ""),
        (DOMAIN, DOMAIN._replace(comment="x"), ""),
        (None, WHITE, "192.0.2.1 may connect even if a list has it"),
        (WHITE, WHITE._replace(enabled=False), ""),
        (until("2030-01-31"), WHITE, "192.0.2.1 may connect even if a list has it, without an end"),
        (until("2030-01-31"), until("2031-01-31"), "192.0.2.1 may connect even if a list has it, until 2031-01-31"),
        (until("2030-01-31"), until("2029-01-31"), ""),
        (WHITE, until("2030-01-31"), ""),
        (
            None,
            cloud("192.0.2.0/24"),
            "cloud may relay for senders of our own domains (1 new network)",
        ),
        (
            cloud("192.0.2.0/24"),
            cloud(
                *(f"10.1.{n}.0/24" for n in range(250)),
                *(f"10.2.{n}.0/24" for n in range(250)),
                *(f"10.3.{n}.0/24" for n in range(250)),
                *(f"10.4.{n}.0/24" for n in range(250)),
                senders="own-and-null",
            ),
            "cloud may relay for senders of our own domains and the null sender (1,000 new networks)",
        ),
        (
            cloud("192.0.2.0/24"),
            cloud("192.0.2.0/24", senders="any"),
            "cloud may relay for any sender (no new networks)",
        ),
        (cloud("192.0.2.0/24", "198.51.100.0/24"), cloud("192.0.2.0/24"), ""),
        (None, BLACK, ""),
        (None, LOGIN, ""),
    ],
)
def test_who_may_newly_do_what_is_said(old, new, words):
    assert widening(change(old, new)) == words


def test_changes_keep_their_order():
    found = differences([change(None, WHITE), change(None, BLACK)], no_content)

    assert [one.noun for one in found] == ["white", "black"]
