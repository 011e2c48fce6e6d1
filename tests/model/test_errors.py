"""The tree of exceptions: each says its faults one by one, and keeps what a face needs to answer."""

from __future__ import annotations

import pytest

from sealgate.model import errors
from sealgate.model.errors import (
    Conflict,
    InvalidValue,
    NodeFailed,
    NodeUnreachable,
    Problem,
    Refused,
    SealgateError,
    StoreFailed,
)
from sealgate.model.findings import Place, error

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", ALL)
def test_everything_raised_on_purpose_is_of_one_tree(kind):
    assert issubclass(kind, SealgateError)


@pytest.mark.parametrize("kind", ALL)
def test_every_exception_says_when_it_is_raised(kind):
    assert kind.__doc__


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (Problem("client", "It is wrong.", "Correct it."), "client: It is wrong. Correct it."),
        (Problem("", "It is wrong.", "Correct it."), "It is wrong. Correct it."),
        (Problem("client", "It is wrong."), "client: It is wrong."),
        (Problem("", "It is wrong."), "It is wrong."),
    ],
)
def test_a_problem_is_said_in_one_line(problem, words):
    assert str(problem) == words


def test_every_fault_has_a_line_of_its_own():
    refusal = InvalidValue(Problem("a", "One."), Problem("b", "Two."))

    assert str(refusal) == "a: One.\nb: Two."


def test_a_single_fault_needs_no_field():
    assert InvalidValue.of("One.").problems == (Problem("", "One.", ""),)


def test_a_field_is_named_where_none_is():
    assert InvalidValue.of("One.", "Two.").at("client").problems == (Problem("client", "One.", "Two."),)


def test_the_field_that_was_named_first_stays():
    assert InvalidValue.of("One.", "", "inner").at("outer").problems[0].field == "inner"


def test_naming_a_field_leaves_the_first_refusal_as_it_was():
    refusal = InvalidValue.of("One.")
    refusal.at("client")

    assert refusal.problems[0].field == ""


def test_a_conflict_holds_what_stands_now():
    assert Conflict("Somebody else was faster.", {"a": 1}).current == {"a": 1}


def test_a_conflict_with_a_deleted_object_holds_nothing():
    assert Conflict("It is gone.").current is None


def test_a_refusal_keeps_its_findings_whatever_they_came_in():
    finding = error("c", Place(), "x")

    assert Refused("No.", [finding]).findings == (finding,)


def test_a_refusal_without_findings_has_none():
    assert Refused("No.").findings == ()


def test_an_agent_that_does_not_answer_is_a_failed_node():
    assert issubclass(NodeUnreachable, NodeFailed)


def test_a_failed_store_is_no_failed_node():
    assert not issubclass(StoreFailed, NodeFailed)
