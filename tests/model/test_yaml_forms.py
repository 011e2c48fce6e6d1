"""YAML of lists: what is read and written, and the parts of YAML that are refused by name."""

from __future__ import annotations

import pytest

from sealgate.model.nouns import NOUNS
from sealgate.model.yaml_forms import read_yaml, write_yaml

TEST = """\
# what outside must not do
- name: outside-cannot-relay
  client: 203.0.113.5   # anybody
  recipients:
  - c@relay.example
  - 'it''s@relay.example'
  expect: reject
  code: 554
  comment: "asked for"

- name: second
  client: 192.0.2.1
  recipients: [a@b.example, "q r"]
  enabled: no
  message: |
    Subject: x

    hello
  expect: accept
"""


def read(noun, text):
    return list(read_yaml(noun, text.splitlines(keepends=True)))


def problem(text, noun="policy-test"):
    (found,) = [str(one) for entry in read(noun, text) for one in entry.problems]
    return found


def test_entries_are_read_with_lists_comments_and_texts_of_many_lines():
    first, second = (entry.row for entry in read("policy-test", TEST.replace('"q r"', "e@f.example")))

    assert first is not None
    assert second is not None
    assert (first.key, first.value.recipients, first.value.code, first.comment) == (
        "outside-cannot-relay",
        ("c@relay.example", "it's@relay.example"),
        "554",
        "asked for",
    )
    assert (second.enabled, second.value.message) == (False, "Subject: x\n\nhello\n")
    assert second.value.recipients == ("a@b.example", "e@f.example")


def test_an_entry_at_fault_is_named_by_its_first_line():
    (entry,) = [entry for entry in read("policy-test", TEST) if entry.problems]

    assert (entry.line, entry.problems[0].field) == (11, "recipients")


def test_entries_without_a_name_are_numbered():
    text = "- client: 192.0.2.1\n  recipients: [a@b.example]\n  expect: accept\n"

    assert [
        entry.row.key for entry in read_yaml("policy-test", (text * 2).splitlines(), first_number=7) if entry.row
    ] == [
        "7",
        "8",
    ]


def test_what_is_at_its_default_is_left_out():
    fields = {"name": "x", "client": "192.0.2.1", "recipients": ["a@b.example"], "expect": "accept"}

    assert "".join(write_yaml("policy-test", [NOUNS["policy-test"].row(fields)])) == (
        "- name: x\n  client: 192.0.2.1\n  recipients:\n  - a@b.example\n  expect: accept\n"
    )


def test_words_that_others_read_as_no_text_are_quoted():
    row = NOUNS["black"].row({"client": "192.0.2.1", "reason": "no"})

    assert '  reason: "no"\n' in "".join(write_yaml("black", [row]))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- domain: &a example.com\n", "an anchor of YAML"),
        ("- domain: *a\n", "an alias of YAML"),
        ("- domain: !!python/object x\n", "a tag of YAML"),
        ("- domain: {a: b}\n", "a mapping in braces"),
        ("- domain: >\n", "folded text"),
        ("- domain: example.com\n  domain: example.org\n", "comes twice in one entry"),
        ("- domain: example.com\n\tcomment: x\n", "A tab stands before"),
        ("- domain: example.com\n   comment: x\n", "cannot be read here"),
        ("domain: example.com\n", "cannot be read here"),
        ('- domain: "example.com\n', "cannot be read here"),
        ('- domain: "\\q"\n', "has an escape"),
        ("- domain: [example.com\n", "cannot be read here"),
        ("- domain: a.example\n  colour: red\n", "There is no such field"),
        ("- domain: example.com\n  enabled: maybe\n", "Enter yes or no"),
        ("-\n", "Relay domain is missing"),
    ],
)
def test_what_is_no_list_of_flat_entries_is_refused_with_the_reason(text, says):
    assert says in problem(text, "relay-domain")


def test_a_name_that_comes_twice_is_a_fault_of_the_second_entry():
    assert "comes twice in this file" in problem("- domain: a.example\n- domain: a.example\n", "relay-domain")


def test_logins_are_never_in_a_file():
    assert "never written to a file" in problem("- host: x\n", "sasl")
