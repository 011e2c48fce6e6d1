"""The journal: one file that is always whole, and what it says about an operation."""

from __future__ import annotations

import pytest
from tests.node.crashes import Step, io_error

from sealgate.link.messages import Outcome, State
from sealgate.node.journal import KEPT_POINTS, Journal, Operation, Point, Stage, Standing, Watch
from sealgate.node.traffic import Sample
from sealgate.postfix.files import Files

ONE, TWO = Point(1, "r1", "d1", "first", 10.0), Point(2, "r2", "d2", "second", 20.0)
DONE = Outcome(State.CONFIRMED, 2, "r2", "done", ("evidence",), None, 0.1)


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal.json", Files())


def test_without_a_file_there_is_no_standing(journal):
    assert journal.read() is None


def test_everything_that_was_written_is_read_again(journal):
    standing = Standing(
        in_force=ONE,
        earlier=(TWO,),
        operation=Operation(TWO, ONE, Stage.UNDOING, 99.5, reason="why", evidence=("a",), automatic=True),
        failed=(3, 4),
        adopted={"main.cf": "abc"},
        last=DONE,
    )
    journal.write(standing)

    assert journal.read() == standing


def test_a_watch_is_read_again_with_the_numbers_of_before(journal):
    before = Sample(3600.0, accepted=3, warnings={"qmgr: odd": 2}, examples={"failed": ("line",)})
    watch = Watch(99.5, since=9.5, inode=7, offset=11, mpa=True, before=before)
    standing = Standing(in_force=ONE, operation=Operation(TWO, ONE, Stage.ON_WATCH, watch=watch))
    journal.write(standing)

    assert journal.read() == standing


@pytest.mark.parametrize(
    ("stage", "watch", "watched"),
    [
        (Stage.ON_WATCH, Watch(9.0), True),
        (Stage.ON_WATCH, None, False),
        (Stage.PREPARED, Watch(9.0), False),
        (Stage.UNDOING, Watch(9.0), False),
    ],
)
def test_watched_is_only_what_is_in_force_with_a_watch(stage, watch, watched):
    standing = Standing(in_force=ONE, operation=Operation(TWO, ONE, stage, watch=watch))

    assert (standing.watched is not None) is watched


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"in_force": 3}', '{"surprise": 1}', "[" * 100_000])
def test_a_file_that_cannot_be_read_is_kept_aside(tmp_path, journal, text):
    (tmp_path / "journal.json").write_text(text)

    assert journal.read() is None
    assert (tmp_path / "journal.json.unreadable").read_text() == text


def test_a_write_that_fails_leaves_the_old_standing(tmp_path):
    path = tmp_path / "journal.json"
    Journal(path, Files()).write(Standing(in_force=ONE))
    for number in range(100):
        step = Step(number, io_error, armed=True)
        try:
            Journal(path, Files(step)).write(Standing(in_force=TWO))
        except OSError:
            assert Journal(path, Files()).read() in (Standing(in_force=ONE), Standing(in_force=TWO))
        else:
            break

    assert number > 4
    assert Journal(path, Files()).read() == Standing(in_force=TWO)


def test_the_file_is_for_root_only(tmp_path, journal):
    journal.write(Standing())

    assert (tmp_path / "journal.json").stat().st_mode & 0o777 == 0o600


def test_what_is_confirmed_is_in_force_and_the_one_before_is_remembered():
    standing = Standing(in_force=ONE).begin(Operation(TWO, ONE)).confirmed(DONE)

    assert (standing.in_force, standing.earlier, standing.operation) == (TWO, (ONE,), None)


def test_going_back_does_not_list_a_revision_twice():
    standing = Standing(in_force=TWO, earlier=(ONE,)).begin(Operation(ONE, TWO)).confirmed(DONE)

    assert (standing.in_force, standing.earlier) == (ONE, (TWO,))


def test_what_is_undone_leaves_the_previous_in_force():
    standing = Standing(in_force=ONE).begin(Operation(TWO, ONE)).undone(DONE, failed=False)

    assert (standing.in_force, standing.failed, standing.operation) == (ONE, (), None)


def test_what_failed_is_remembered_once():
    standing = Standing(in_force=ONE)
    for _ in range(2):
        standing = standing.begin(Operation(TWO, ONE)).undone(DONE, failed=True)

    assert standing.failed == (2,)


def test_a_bounded_number_of_points_is_kept():
    standing = Standing()
    for number in range(1, KEPT_POINTS + 10):
        standing = standing.begin(Operation(Point(number, f"r{number}", "d"), standing.in_force)).confirmed(DONE)

    assert len(standing.earlier) == KEPT_POINTS
    assert standing.point_of(1) is None


def test_a_point_is_found_by_its_revision():
    standing = Standing(in_force=TWO, earlier=(ONE,))

    assert (standing.point_of(1), standing.point_of(2), standing.point_of(3)) == (ONE, TWO, None)


def test_on_watch_the_target_is_live():
    assert Standing(in_force=ONE).begin(Operation(TWO, ONE, Stage.ON_WATCH)).live == TWO


def test_before_the_switch_the_previous_is_live():
    assert Standing(in_force=ONE).begin(Operation(TWO, ONE)).live == ONE


def test_releases_of_every_point_are_kept():
    standing = Standing(in_force=ONE, earlier=(Point(0, "r0", "d"),)).begin(Operation(TWO, ONE))

    assert standing.kept_releases == {"r0", "r1", "r2"}


def test_a_confirmation_ends_the_adoption_of_hand_edits():
    standing = Standing(in_force=ONE, adopted={"main.cf": "abc"}).begin(Operation(TWO, ONE))

    assert standing.confirmed(DONE).adopted is None
    assert standing.undone(DONE, failed=False).adopted == {"main.cf": "abc"}
