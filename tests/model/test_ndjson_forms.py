"""Lists as NDJSON: what is written reads back as the same rows, and what is none is said line by line."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.ndjson_forms import read_ndjson, write_ndjson
from sealgate.model.nouns import NOUNS
from sealgate.model.text_forms import READERS

if TYPE_CHECKING:
    from sealgate.model.forms import Read

GOOD: dict[str, dict[str, Any]] = {
    "relay-domain": {"domain": "example.com"},
    "network": {"network": "10.0.0.0/8"},
    "forwarding": {"account": "root", "addresses": ["a@example.com", "b@example.com"]},
    "header-check": {"pattern": "/^Subject: a/", "action": "REJECT", "text": "no"},
    "rbl": {"zone": "zen.example"},
    "black": {"client": "192.0.2.1", "reason": "known", "expires": "2030-12-31"},
    "white": {"client": "192.0.2.1"},
    "transport": {"pattern": "example.com", "host": "mx.example.net", "port": 2525, "mx": False},
    "tls-policy": {"destination": "example.com", "level": "encrypt"},
    "policy-test": {"client": "192.0.2.1", "recipients": ["a@example.com"], "expect": "reject", "code": "554"},
}


def read(noun: str, text: str) -> list[Read]:
    return list(read_ndjson(noun, io.StringIO(text, newline="\n")))


@pytest.mark.parametrize("noun", sorted(GOOD))
def test_what_is_written_reads_back_as_the_same_row(noun: str) -> None:
    fields = GOOD[noun] | ({"name": "7"} if NOUNS[noun].numbered else {})
    row = NOUNS[noun].row(fields, comment="head office, \N{LATIN SMALL LETTER U WITH DIAERESIS}", enabled=False)

    (found,) = read(noun, "".join(write_ndjson(noun, [row])))

    assert found.row == row


@given(st.lists(st.from_regex(r"[a-z]{1,10}\.example", fullmatch=True), unique=True, max_size=20), st.booleans())
def test_any_list_of_domains_reads_back(domains: list[str], enabled: bool) -> None:
    kind = NOUNS["relay-domain"]
    rows = [kind.row({"domain": name}, enabled=enabled, position=n) for n, name in enumerate(domains)]

    assert [one.row for one in read(kind.name, "".join(write_ndjson(kind.name, rows)))] == rows


@given(st.text())
def test_any_text_is_rows_or_problems_with_their_lines(text: str) -> None:
    found = read("relay-domain", text)

    assert all((one.row is None) == bool(one.problems) for one in found)
    assert [one.line for one in found] == sorted({one.line for one in found})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_in_a_line_is_a_row_or_a_problem(value: Any) -> None:
    (found,) = read("black", json.dumps(value))

    assert (found.row is None) == bool(found.problems)


def test_numbered_rows_without_a_name_get_the_next_numbers() -> None:
    line = json.dumps({"fields": GOOD["header-check"]}) + "\n"

    found = list(read_ndjson("header-check", io.StringIO(line * 2), first_number=5))

    assert [one.row.key for one in found if one.row] == ["5", "6"]


def test_a_key_that_comes_twice_is_a_problem_of_the_later_line() -> None:
    line = '{"fields": {"domain": "example.com"}}\n'

    first, second = read("relay-domain", line * 2)

    assert (first.row is not None, second.row, second.line) == (True, None, 2)


def test_members_of_an_answer_of_the_api_may_be_there() -> None:
    line = {"key": "x", "noun": "relay-domain", "version": 3, "address": "/", "position": 0, "secrets": []}

    (found,) = read("relay-domain", json.dumps(line | {"fields": {"domain": "example.com"}}))

    assert found.row is not None


def test_lines_without_anything_are_passed_over_and_counted() -> None:
    (found,) = read("relay-domain", '\ufeff\n\n{"fields": {"domain": "example.com"}}\n\n')

    assert found.line == 3


def test_a_line_without_an_end_is_refused_by_its_length() -> None:
    (found,) = read("relay-domain", '{"fields": {"domain": "' + "a" * 5_000_001)

    assert found.problems[0].what == "The line is too long."


@pytest.mark.parametrize("noun", sorted(set(NOUNS) - set(READERS)))
def test_kinds_that_have_no_form_as_a_file_have_none_as_ndjson(noun: str) -> None:
    (found,) = read(noun, '{"fields": {}}')

    assert found.row is None


def test_a_password_is_not_written() -> None:
    assert READERS.keys().isdisjoint(
        {noun for noun in NOUNS if any(c.kind.value == "secret" for c in NOUNS[noun].columns)}
    )
