"""The policy file is read completely or not at all, and what cannot be read is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.mpa.endpoint import Endpoint
from sealgate.mpa.policy import BareNewline, Policy, PolicyFile, Unreadable, load_policy, parse_policy

if TYPE_CHECKING:
    from pathlib import Path

VALUES = {
    "format": 1,
    "hostname": "gw.example.test",
    "listen": "127.0.0.1:10025",
    "reinject": "[::1]:10026",
    "reinject_connections": 20,
    "after_filter_size_limit": 20480000,
    "bare_newline": "normalize",
    "hop_limit": 50,
    "own_hop_limit": 10,
}


def read(**changes: object) -> Policy | Unreadable:
    return parse_policy(json.dumps({**VALUES, **changes}))


def test_a_complete_policy_is_read():
    assert read() == Policy(
        hostname="gw.example.test",
        listen=Endpoint("127.0.0.1", 10025),
        reinject=Endpoint("::1", 10026),
        reinject_connections=20,
        after_filter_size_limit=20480000,
        bare_newline=BareNewline.NORMALIZE,
        hop_limit=50,
        own_hop_limit=10,
    )


def test_the_mpa_is_named_after_the_gateway():
    policy = read()

    assert isinstance(policy, Policy)
    assert policy.name == b"mpa.gw.example.test"


@pytest.mark.parametrize("key", VALUES)
def test_a_missing_key_makes_it_unreadable(key):
    assert isinstance(parse_policy(json.dumps({name: VALUES[name] for name in VALUES if name != key})), Unreadable)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"must_encrypt": ["a@b"]},
        {"hostname": "bad name"},
        {"hostname": "a\r\nb"},
        {"hostname": ""},
        {"hostname": None},
        {"listen": "0.0.0.0:10025"},
        {"reinject": 10026},
        {"reinject_connections": 0},
        {"reinject_connections": True},
        {"after_filter_size_limit": -1},
        {"after_filter_size_limit": "10MB"},
        {"bare_newline": "pass"},
        {"hop_limit": 1.5},
    ],
    ids=str,
)
def test_a_wrong_or_unknown_value_makes_it_unreadable(changes):
    assert isinstance(read(**changes), Unreadable)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_unreadable(text):
    assert isinstance(parse_policy(text), Unreadable)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
    )
)
def test_any_value_of_any_key_is_read_or_unreadable(value):
    results = [read(**{key: value}) for key in VALUES]

    assert all(isinstance(result, Policy | Unreadable) for result in results)


def test_a_file_that_is_not_there_is_unreadable_and_says_so(tmp_path):
    policy = load_policy(tmp_path / "none")

    assert isinstance(policy, Unreadable)
    assert "cannot be read" in policy.reason


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(VALUES))
    return path


def hop_limit(policy: Policy | Unreadable) -> int | None:
    return policy.hop_limit if isinstance(policy, Policy) else None


def replace(path: Path, text: str) -> None:
    """Put a file in the place of another, as a release is made."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


def test_a_changed_file_is_noticed(path):
    file = PolicyFile(path)
    before = hop_limit(file.current)
    replace(path, json.dumps({**VALUES, "hop_limit": 7}))

    assert (before, hop_limit(file.current)) == (50, 7)


def test_an_unreadable_policy_replaces_the_one_that_was_read_until_it_is_mended(path):
    file, seen = PolicyFile(path), []
    for text in ("{", json.dumps(VALUES)):
        replace(path, text)
        seen.append(hop_limit(file.current))

    assert seen == [None, 50]


def test_a_file_that_goes_away_and_comes_back_is_noticed(path):
    file = PolicyFile(path)
    path.rename(path.with_suffix(".away"))
    away = file.current
    path.with_suffix(".away").rename(path)

    assert isinstance(away, Unreadable)
    assert isinstance(file.current, Policy)


def test_a_new_release_is_noticed_even_when_its_policy_is_the_same_file(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "policy.json").write_text(json.dumps(VALUES))
    (tmp_path / "two" / "policy.json").hardlink_to(tmp_path / "one" / "policy.json")
    (tmp_path / "conf").symlink_to("one")
    file = PolicyFile(tmp_path / "conf" / "policy.json")
    told: list[int | None] = []
    file.watch(lambda policy: told.append(hop_limit(policy)))
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").rename(tmp_path / "conf")
    for _ in range(3):
        assert isinstance(file.current, Policy)

    assert told == [50, 50]


def test_whoever_watches_is_told_what_is_in_force_and_everything_that_is_read_later(path):
    file = PolicyFile(path)
    told: list[int | None] = []
    file.watch(lambda policy: told.append(hop_limit(policy)))
    replace(path, json.dumps({**VALUES, "hop_limit": 7}))
    file.reload()
    replace(path, "{")
    file.reload()

    assert told == [50, 7, None]
