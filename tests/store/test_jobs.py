"""Jobs have one worker at a time, and a worker that died blocks nobody for ever."""

from __future__ import annotations

from datetime import timedelta

from sealgate.store.transaction import now


def take(store, holder, seconds=100.0, *, at=None):
    with store.writing("a") as w:
        if at is not None:
            w._tx.at = at
        return w.take_job("probe", "draft 1", holder, seconds)


def jobs(store):
    with store.reading() as r:
        return r.jobs()


def test_a_job_is_taken_once(store):
    assert take(store, "one")
    assert not take(store, "two")


def test_its_holder_may_take_it_again(store):
    take(store, "one")

    assert take(store, "one")


def test_a_lease_that_ran_out_is_taken_over(store):
    take(store, "one", 100, at=now() - timedelta(seconds=200))

    assert take(store, "two")


def test_a_finished_job_is_free_and_says_how_it_ended(store):
    take(store, "one")
    with store.writing("a") as w:
        assert w.finish_job("probe", "one", {"passed": True})

    (job,) = jobs(store)
    assert (job.name, job.about, job.holder, job.result) == ("probe", "draft 1", "", {"passed": True})
    assert job.finished is not None
    assert take(store, "two")


def test_whoever_lost_the_lease_cannot_finish(store):
    take(store, "one", 100, at=now() - timedelta(seconds=200))
    take(store, "two")

    with store.writing("a") as w:
        assert not w.finish_job("probe", "one", {})
    assert jobs(store)[0].holder == "two"


def test_a_job_that_never_ended_has_no_result(store):
    take(store, "one")

    assert (jobs(store)[0].finished, jobs(store)[0].result) == (None, {})


def test_only_the_newest_reports_are_kept(store):
    from sealgate.store.judgements import MOST

    for number in range(MOST + 5):
        with store.writing("a") as w:
            w._tx.at = now() + timedelta(seconds=number)
            w.put_judgement(f"digest {number:04}", "full", {"n": number})
    with store.reading() as r:
        assert r.judgement("digest 0000", "full") is None
        assert r.judgement(f"digest {MOST + 4:04}", "full") == {"n": MOST + 4}
