"""The table of verbs: each has a question and an answer, and there is no message that no verb leads to."""

from __future__ import annotations

import dataclasses
import re

import pytest

from sealgate.link import messages as m
from sealgate.link import upkeep as u
from sealgate.link.codec import from_json, to_json
from sealgate.link.verbs import VERBS

EACH = pytest.mark.parametrize("verb", sorted(VERBS))


@EACH
def test_a_verb_is_one_word_of_small_letters(verb):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", verb)


@EACH
def test_question_and_answer_are_messages(verb):
    assert all(map(dataclasses.is_dataclass, VERBS[verb]))


@EACH
def test_question_and_answer_say_what_they_mean(verb):
    assert all(cls.__doc__ and not cls.__doc__.startswith(f"{cls.__name__}(") for cls in VERBS[verb])


@EACH
def test_an_answer_is_no_question_of_another_verb_unless_it_says_nothing(verb):
    answer = VERBS[verb][1]

    assert answer is m.Nothing or answer not in {question for question, _ in VERBS.values()}


@pytest.mark.parametrize("verb", ["hello", "facts", "public-key", "status", "drift", "verify-clear", "stop"])
def test_what_only_asks_needs_no_values(verb):
    assert VERBS[verb][0] is m.Nothing


@pytest.mark.parametrize("verb", ["apply", "confirm", "rollback"])
def test_what_changes_the_revision_in_force_ends_with_an_outcome(verb):
    assert VERBS[verb][1] is m.Outcome


@pytest.mark.parametrize("verb", ["drift", "adopt", "overwrite"])
def test_what_touches_drift_says_what_drift_is_left(verb):
    assert VERBS[verb][1] is u.Drift


def test_nothing_is_an_empty_object():
    assert to_json(from_json(m.Nothing, {})) == {}
