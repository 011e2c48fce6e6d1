"""Findings, verdicts: read as one sentence each, come back from JSON, and only errors stop an apply."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.findings import Finding, Place, Severity, error, errors_in, note, warning

TEXT = st.text(max_size=8)
PLACES = st.builds(Place, TEXT, TEXT, TEXT, st.integers(0, 10**6), TEXT)
FINDINGS = st.builds(Finding, st.sampled_from(Severity), TEXT, PLACES, TEXT, TEXT, TEXT)


@given(FINDINGS)
def test_a_finding_comes_back_through_json_text(finding):
    assert Finding.from_json(json.loads(json.dumps(finding.to_json()))) == finding


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place(), ""),
        (Place("black", "10.0.0.1"), "black 10.0.0.1"),
        (Place("setting", "my_hostname", "value"), "setting my_hostname, value"),
        (Place("own-lines", "main-cf", "", 7), "own-lines main-cf, line 7"),
        (Place(file="main.cf", line=3), "main.cf, line 3"),
        (Place("black", "x", file="main.cf"), "black x"),
        (Place(field="client"), "client"),
        (Place(line=1), "line 1"),
    ],
)
def test_a_place_is_said_in_words(place, words):
    assert str(place) == words


def test_a_finding_is_one_sentence_after_the_other():
    finding = error("c", Place("black", "x"), "It is listed.", "It is loopback.", "Remove it.")

    assert str(finding) == "error: black x: It is listed. It is loopback. Remove it."


def test_a_finding_without_a_place_begins_with_what_happened():
    assert str(note("c", Place(), "All is well.")) == "note: All is well."


@pytest.mark.parametrize(
    ("make", "severity"), [(error, Severity.ERROR), (warning, Severity.WARNING), (note, Severity.NOTE)]
)
def test_each_severity_has_its_maker(make, severity):
    assert make("c", Place(), "x").severity is severity


@given(st.lists(FINDINGS, max_size=6))
def test_only_errors_stop_an_apply(findings):
    assert errors_in(findings) == tuple(one for one in findings if one.severity == "error")


@pytest.mark.parametrize("severity", ["fatal", "ERROR", "", None])
def test_another_severity_is_no_finding(severity):
    with pytest.raises(ValueError, match="is not a valid Severity"):
        Finding.from_json(error("c", Place(), "x").to_json() | {"severity": severity})


@pytest.mark.parametrize("name", ["severity", "code", "place", "what", "why", "remedy"])
def test_a_finding_in_json_has_every_field(name):
    data = error("c", Place(), "x").to_json()
    del data[name]

    with pytest.raises(KeyError):
        Finding.from_json(data)
