"""Errors cross the link as what they are, and faults nobody planned cross without their details."""

from __future__ import annotations

import pytest

from sealgate.link.failures import failure_from_json, failure_to_json
from sealgate.model.errors import (
    Conflict,
    InvalidValue,
    NodeFailed,
    NodeUnreachable,
    NotFound,
    NotPermitted,
    Problem,
    Refused,
    StoreFailed,
)
from sealgate.model.findings import Place, error


@pytest.mark.parametrize("cls", [Conflict, NodeFailed, NodeUnreachable, NotFound, NotPermitted, StoreFailed])
def test_an_error_crosses_with_its_class_and_text(cls):
    arrived = failure_from_json(failure_to_json(cls("what stands now")))

    assert type(arrived) is cls
    assert str(arrived) == "what stands now"


def test_an_invalid_value_keeps_its_problems():
    problem = Problem("port", "The port 0 is out of range.", "Enter 1 to 65535.")

    arrived = failure_from_json(failure_to_json(InvalidValue(problem)))

    assert isinstance(arrived, InvalidValue)
    assert arrived.problems == (problem,)


def test_a_refusal_keeps_its_findings():
    finding = error("drift", Place(file="main.cf"), "main.cf was changed by hand.")

    arrived = failure_from_json(failure_to_json(Refused("no", [finding])))

    assert isinstance(arrived, Refused)
    assert arrived.findings == (finding,)


def test_an_unplanned_fault_crosses_without_details():
    crossed = failure_to_json(RuntimeError("password=geheim"))

    assert "geheim" not in str(crossed)
    assert type(failure_from_json(crossed)) is NodeFailed


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": 3},
        {"kind": "refused"},
        {"kind": "refused", "findings": [{}]},
        {"kind": "invalid-value", "problems": 4},
        {"kind": "invalid-value", "problems": [{"field": "a"}]},
        {"kind": "unheard-of", "text": "x"},
    ],
)
def test_what_cannot_be_read_is_still_a_failure_of_the_node(data):
    assert isinstance(failure_from_json(data), NodeFailed)
