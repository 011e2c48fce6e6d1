"""The JSON shapes of answers: their names stay, they are plain JSON, and no secret is in them."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from sealgate.cli import shapes
from sealgate.link.messages import Grade, Outcome, Report, State
from sealgate.model.findings import Place, error, warning
from sealgate.services.changes import Pending
from sealgate.services.judging import Judged
from sealgate.services.rows import Page
from sealgate.services.saved import Saved
from sealgate.services.settings import ShownSetting
from sealgate.services.wording import Difference, FieldChange, What
from sealgate.store import Candidate, Revision, Stored

AT = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
BLACK = Stored("black", "10.0.0.1", {"client": "10.0.0.1"}, "why", True, 4, None, 9)
LOGIN = Stored("sasl", "x", {"user": "ann", "password": "sealed:aa"}, "", True, 0, None, 9)
CHANGED = Difference(
    "black", "x", "Black list", What.CHANGED, (FieldChange("reason", "Reason", "a", None),), ("+b",), "x may connect"
)
REVISION = Revision(3, 2, 17, "ab", "local:ann", "terminal", AT, "comment", "confirmed", "fine")
REPORT = Report("ab", "cd", Grade.FULL, True, (), 1.5, ("a",), ("b",))
OUTCOME = Outcome(State.ON_WATCH, 3, "cd", "On watch.", ("seen",), 99.5, 1.25)
BAD = error("c", Place("black", "x"), "It is wrong.")


def judged(findings=(), report=REPORT):
    return shapes.judged_json(Judged(Candidate(2, 17, "ab"), findings, report))


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        (shapes.saved_json(Saved("black", "x", 1, (BAD,))), "noun key version findings"),
        (shapes.stored_json(BLACK), "noun key fields comment enabled position version"),
        (shapes.page_json(Page("black", (BLACK,), "", 1)), "noun total next rows"),
        (
            shapes.setting_json(ShownSetting("a", "A", "p", "h", 5, "five", True, 4, True, 7)),
            "name title value shown set live pending version",
        ),
        (shapes.difference_json(CHANGED), "noun key what fields lines widens"),
        (shapes.pending_json(Pending(CHANGED, "local:ann", AT)), "noun key what fields lines widens actor at"),
        (
            shapes.revision_json(REVISION, 3),
            "revision parent state in_force actor at comment detail digest",
        ),
        (judged((BAD,)), "digest passed judged_by_postfix grade seconds judged not_judged findings"),
        (shapes.outcome_json(OUTCOME), "state revision release text evidence watch_until seconds"),
    ],
)
def test_a_shape_is_plain_json_with_the_documented_names(shape, names):
    assert list(json.loads(json.dumps(shape, allow_nan=False))) == names.split()


def test_a_secret_is_only_said_to_be_stored():
    assert shapes.stored_json(LOGIN)["fields"] == {"user": "ann", "password": "stored"}


def test_a_secret_is_in_no_list():
    assert "sealed:" not in json.dumps(shapes.page_json(Page("sasl", (LOGIN,), "", 1)))


@pytest.mark.parametrize(("cursor", "shown"), [("", None), ("10.0.0.1", "10.0.0.1")])
def test_the_last_part_of_a_list_has_no_next(cursor, shown):
    assert shapes.page_json(Page("black", (), cursor, 0))["next"] == shown


def test_a_write_that_changed_nothing_has_no_version():
    assert shapes.saved_json(Saved("black", "x", None))["version"] is None


def test_a_field_is_shown_before_and_after():
    assert shapes.difference_json(CHANGED)["fields"] == {"reason": {"old": "a", "new": None}}


def test_a_time_names_its_zone():
    assert shapes.pending_json(Pending(CHANGED, "local:ann", AT))["at"] == "2030-01-02T03:04:05+00:00"


@pytest.mark.parametrize(("in_force", "is_it"), [(3, True), (2, False), (0, False)])
def test_one_revision_is_in_force(in_force, is_it):
    assert shapes.revision_json(REVISION, in_force)["in_force"] is is_it


def test_a_candidate_that_no_postfix_judged_has_not_passed():
    shape = judged(report=None)

    assert (shape["passed"], shape["judged_by_postfix"], shape["grade"]) == (False, False, None)


@pytest.mark.parametrize(("finding", "passed"), [(BAD, False), (warning("c", Place(), "x"), True)])
def test_an_error_of_control_fails_what_the_agent_passed(finding, passed):
    assert judged((finding,))["passed"] is passed


def test_a_grade_and_a_state_are_words():
    assert (judged()["grade"], shapes.outcome_json(OUTCOME)["state"]) == ("full", "on-watch")
