"""Verdicts: what a test said, kept as data, and which promises nobody may override."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.findings import Place, Severity
from sealgate.model.verdicts import NEVER_OVERRIDDEN, Ruling, Verdict

TEXT = st.text(max_size=8)
PLACES = st.builds(Place, TEXT, TEXT, TEXT, st.integers(0, 99), TEXT)
VERDICTS = st.builds(
    Verdict, TEXT, TEXT, st.sampled_from(Ruling), TEXT, TEXT, TEXT, st.lists(TEXT, max_size=3).map(tuple), PLACES
)
FAILED = Verdict(
    "policy-test", "outside", Ruling.FAILED, expected="reject 554", came="250 accepted", blame=Place("black", "x")
)


@given(VERDICTS)
def test_a_verdict_comes_back_through_json_text(verdict):
    assert Verdict.from_json(json.loads(json.dumps(verdict.to_json()))) == verdict


@pytest.mark.parametrize("promise", sorted(NEVER_OVERRIDDEN))
def test_no_reason_is_good_enough_to_stop_mail_or_to_relay_for_strangers(promise):
    assert not Verdict(promise, "x", Ruling.FAILED).may_be_overridden


def test_a_policy_test_may_be_overridden():
    assert FAILED.may_be_overridden


def test_the_promises_that_are_never_overridden_are_these_two():
    assert {"starts-and-answers", "strangers-cannot-relay"} == NEVER_OVERRIDDEN


def test_a_failure_stops_an_apply():
    assert FAILED.as_finding().severity is Severity.ERROR


def test_the_finding_names_promise_and_blame():
    finding = FAILED.as_finding()

    assert (finding.code, finding.place) == ("policy-test", Place("black", "x"))


def test_the_finding_says_what_came_and_what_was_expected():
    assert str(FAILED.as_finding()) == "error: black x: outside: 250 accepted Expected: reject 554."


def test_a_finding_without_an_expectation_says_none():
    assert Verdict("p", "t", Ruling.FAILED, came="x").as_finding().why == ""


@pytest.mark.parametrize("ruling", ["Passed", "skipped", "", None])
def test_another_ruling_is_no_verdict(ruling):
    with pytest.raises(ValueError, match="is not a valid Ruling"):
        Verdict.from_json(FAILED.to_json() | {"ruling": ruling})


@pytest.mark.parametrize("name", ["promise", "test", "ruling", "came", "log", "blame"])
def test_a_verdict_in_json_has_every_field(name):
    data = FAILED.to_json()
    del data[name]

    with pytest.raises(KeyError):
        Verdict.from_json(data)
