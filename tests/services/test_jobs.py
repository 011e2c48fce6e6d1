"""Long work: it is in the store from its first moment, is its owner's, and never seems to run for ever."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from tests.support.waiting import wait_until

from sealgate.link.messages import Outcome, Progress, State
from sealgate.model.errors import InvalidValue, NotFound, Refused
from sealgate.model.findings import Place, error
from sealgate.services.actor import Actor, Right
from sealgate.services.jobs import MOST_RUNNING, Job, Jobs, WorkState
from sealgate.store.dumping import dump

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.services.gateway import Gateway

VIEWER = frozenset({Right.VIEW})
ANN = Actor("ann", "web 192.0.2.1", VIEWER, person="p-ann")
ANNS_TOKEN = Actor("ann/nightly", "api 192.0.2.2", VIEWER, person="p-ann")
BOB = Actor("bob", "web 192.0.2.3", VIEWER, person="p-bob")
CHIEF = Actor.local("chief")


@pytest.fixture
def jobs(gateway: Gateway) -> Iterator[Jobs]:
    made = Jobs(gateway, beat=0.05)
    yield made
    made.close()


def nothing(_job: Job) -> None:
    """Do nothing."""


def test_a_job_ends_with_what_its_work_returned(jobs: Jobs) -> None:
    job = jobs.start("check", ANN, lambda _job: {"answer": 42})

    assert job.ended.wait(10)
    assert (job.state, job.value, job.outcome) == (WorkState.DONE, {"answer": 42}, {"result": {"answer": 42}})


def test_a_refusal_is_kept_with_its_findings(jobs: Jobs) -> None:
    def refuse(_job: Job) -> None:
        raise Refused("No.", [error("bad", Place("network", "10.0.0.0/8"), "It is bad.")])

    job = jobs.start("apply", ANN, refuse)

    assert job.ended.wait(10)
    assert (job.state, job.outcome["fault"]["kind"], job.outcome["fault"]["findings"][0]["code"]) == (
        WorkState.FAILED, "Refused", "bad",
    )  # fmt: skip


def test_a_bad_value_is_kept_with_its_fields(jobs: Jobs) -> None:
    def refuse(_job: Job) -> None:
        raise InvalidValue.of("This is no domain.", "Write one.", "domain")

    job = jobs.start("import", ANN, refuse)

    assert job.ended.wait(10)
    assert job.outcome["fault"]["problems"] == [
        {"field": "domain", "what": "This is no domain.", "remedy": "Write one."}
    ]


def test_a_job_that_breaks_has_ended_too_and_does_not_tell_its_inside(jobs: Jobs) -> None:
    def breaks(_job: Job) -> None:
        raise RuntimeError("s3cret")

    job = jobs.start("apply", ANN, breaks)

    assert job.ended.wait(10)
    assert (job.outcome["fault"]["kind"], "s3cret" in str(job.outcome)) == ("Fault", False)


def test_a_job_tells_its_steps_while_it_runs_and_each_change_has_a_number(jobs: Jobs) -> None:
    go = threading.Event()

    def work(job: Job) -> None:
        job.progress(Progress("reading", 1, 2))
        job.progress(Progress("reading", 2, 2))
        job.progress(Progress("writing"))
        go.wait(10)

    job = jobs.start("check", ANN, work)
    wait_until(lambda: len(job.steps) == 2, "the steps come")
    go.set()

    assert job.told_steps() == [(2, "reading", 2, 2), (3, "writing", 0, 0)]


def test_steps_are_in_the_store_while_the_job_runs(jobs: Jobs, gateway: Gateway) -> None:
    go = threading.Event()

    def work(job: Job) -> None:
        job.progress(Progress("reading", 1, 2))
        go.wait(10)

    def elsewhere() -> list[str]:
        return [step.text for step in Jobs(gateway).find(job.id, ANN).steps]

    job = jobs.start("check", ANN, work)
    wait_until(lambda: elsewhere() == ["reading"], "the step is in the store")
    seen = Jobs(gateway).find(job.id, ANN).state
    go.set()

    assert seen is WorkState.RUNNING


def test_another_process_knows_how_a_job_ended(jobs: Jobs, gateway: Gateway) -> None:
    outcome = Outcome(State.CONFIRMED, 7, "0" * 16, "Applied.")
    job = jobs.start("rollback", ANN, lambda _job: outcome)
    assert job.ended.wait(10)

    found = Jobs(gateway).find(job.id, ANN)

    assert (found.state, found.here, found.text, found.outcome["result"]["revision"]) == (
        WorkState.DONE, False, "Applied.", 7,
    )  # fmt: skip


def test_a_job_whose_process_is_gone_is_interrupted_not_running(gateway: Gateway) -> None:
    with gateway.writing(ANN) as writer:
        values = {"kind": "apply", "owner": "p-ann", "actor": "ann", "detail": ""}
        writer.begin_work("gone", holder="another:1", seconds=-1, **values)

    found = Jobs(gateway).find("gone", ANN)

    assert (found.state, found.ended.is_set()) == (WorkState.INTERRUPTED, True)


def test_a_lease_is_renewed_while_its_work_goes_on(gateway: Gateway) -> None:
    jobs, go = Jobs(gateway, lease=2, beat=0.1), threading.Event()
    job = jobs.start("check", ANN, lambda _job: go.wait(30))

    def lease() -> int:
        with gateway.store.reading() as reader:
            return int(
                reader._tx.connection.exec_driver_sql(
                    "SELECT lease_until FROM work WHERE id = ?", (job.id,)
                ).scalar_one()
            )

    first = lease()
    wait_until(lambda: lease() > first + 1, "the lease is renewed")
    go.set()
    jobs.close()

    assert job.state is WorkState.DONE


@pytest.mark.parametrize(("who", "finds"), [(ANN, True), (ANNS_TOKEN, True), (BOB, False), (CHIEF, True)])
def test_a_job_is_seen_by_its_owner_and_by_who_may_apply(jobs: Jobs, who: Actor, finds: bool) -> None:
    job = jobs.start("check", ANN, nothing)

    if finds:
        assert (jobs.find(job.id, who).id, [one.id for one in jobs.listing(who)]) == (job.id, [job.id])
    else:
        assert jobs.listing(who) == []
        with pytest.raises(NotFound):
            jobs.find(job.id, who)


@pytest.mark.parametrize("name", ["", "nothing", "a\0b", "é" * 1000])
def test_a_job_that_never_was_is_not_found(jobs: Jobs, name: str) -> None:
    with pytest.raises(NotFound):
        jobs.find(name, CHIEF)


def test_one_person_cannot_run_jobs_without_end(jobs: Jobs) -> None:
    go = threading.Event()
    for _number in range(MOST_RUNNING):
        jobs.start("explain", ANN, lambda _job: go.wait(30))

    with pytest.raises(Refused):
        jobs.start("explain", ANNS_TOKEN, nothing)
    other = jobs.start("explain", BOB, nothing)
    go.set()

    assert other.ended.wait(10)


def test_jobs_are_no_part_of_a_backup(jobs: Jobs, gateway: Gateway) -> None:
    jobs.start("check", ANN, nothing).ended.wait(10)

    with gateway.store.reading() as reader:
        tables = [line for line in dump(reader) if b'"table"' in line]

    assert not any(b'"work"' in line or b'"answer"' in line for line in tables)


def test_old_jobs_are_forgotten(jobs: Jobs, gateway: Gateway) -> None:
    old = jobs.start("check", ANN, nothing)
    assert old.ended.wait(10)
    with gateway.writing(ANN) as writer:
        writer._tx.connection.exec_driver_sql("UPDATE work SET at = 1")

    jobs.start("check", ANN, nothing)

    with pytest.raises(NotFound):
        Jobs(gateway).find(old.id, ANN)
