"""The whole-state check answers for every state that can exist, always the same, with findings that can be stored."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model.states import CONTEXT
from tests.strategies import desired_states

from sealgate.model.checking import CODES, check
from sealgate.model.findings import Finding

FEW = settings(max_examples=40)


@FEW
@given(state=desired_states())
def test_every_state_is_judged_with_known_codes(state):
    assert {finding.code for finding in check(state, CONTEXT)} <= set(CODES)


@FEW
@given(state=desired_states())
def test_the_same_state_is_judged_the_same(state):
    assert check(state, CONTEXT) == check(state, CONTEXT)


@FEW
@given(state=desired_states())
def test_findings_can_be_stored_and_read(state):
    found = check(state, CONTEXT)

    assert [Finding.from_json(json.loads(json.dumps(finding.to_json()))) for finding in found] == found


@FEW
@given(state=desired_states(), noun=st.sampled_from(["relay-domain", "transport", "network", "rbl", "black", "white"]))
def test_disabled_rows_are_not_judged(state, noun):
    judged = check(state, CONTEXT)
    places = {(finding.place.noun, finding.place.key) for finding in judged}
    off = {(noun, row.key) for row in state.rows.rows(noun) if not row.enabled}

    assert not places & off
