"""The policy file is read completely or not at all, and what cannot be read is said."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.mpa.endpoint import Endpoint
from sealgate.mpa.policy import BareNewline, Policy, PolicyFile, Unreadable, load_policy, parse_policy

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


def test_an_unreadable_policy_replaces_the_one_that_was_read(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(VALUES))
    file = PolicyFile(path)
    first = file.current
    path.unlink()

    assert isinstance(first, Policy)
    assert isinstance(file.reload(), Unreadable)
    assert isinstance(file.current, Unreadable)


def test_whoever_watches_is_told_the_policy_now_and_each_one_that_is_read_later(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(VALUES))
    file = PolicyFile(path)
    told: list[Policy] = []
    file.watch(told.append)
    path.write_text(json.dumps({**VALUES, "hop_limit": 7}))
    file.reload()
    path.write_text("{")
    file.reload()

    assert [policy.hop_limit for policy in told] == [50, 7]
