"""Whether mail suffers: the decision alone, from numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.node.traffic import Sample
from sealgate.node.worsening import signs

HOUR = Sample(3600, accepted=360, rejected=120, arrived=360, delivered=350, failed=10)
"""A quiet gateway: six messages a minute, a quarter of all attempts is spam that is refused."""

counts = st.integers(0, 2000)
kinds = st.dictionaries(st.sampled_from(["a: b", "c: d", "e: f"]), counts, max_size=3)
samples = st.builds(
    Sample,
    seconds=st.floats(1, 3600),
    accepted=counts,
    rejected=counts,
    put_off=counts,
    broken=counts,
    arrived=counts,
    delivered=counts,
    failed=counts,
    waiting=counts,
    died=counts,
    warnings=kinds,
).map(lambda sample: replace(sample, arrived=sample.delivered + sample.failed + sample.waiting))


def kinds_of(after: Sample, latest: Sample | None = None, before: Sample = HOUR) -> set[str]:
    return {sign.kind.split()[0] for sign in signs(before, after, latest or after)}


@pytest.mark.parametrize(
    ("what", "after"),
    [
        ("refused", Sample(300, accepted=2, rejected=40)),
        ("refused", Sample(300, accepted=0, put_off=30)),
        ("broken", Sample(60, broken=3, put_off=3)),
        ("failed", Sample(60, arrived=6, delivered=0, failed=6)),
        ("failed", Sample(300, arrived=30, delivered=10, failed=20)),
        ("waiting", Sample(60, arrived=30, waiting=25)),
        ("died", Sample(60, died=3)),
        ("warnings", Sample(60, warnings={"proxymap: it does not work": 10})),
    ],
)
def test_what_is_clearly_worse_is_a_sign(what, after):
    assert kinds_of(after) == {what}


@pytest.mark.parametrize(
    "after",
    [
        Sample(600),
        Sample(600, accepted=60, rejected=20, arrived=60, delivered=58, failed=2),
        Sample(600, accepted=60, rejected=4000, arrived=60, delivered=58, failed=2),  # a wave of spam beside mail
        Sample(600, accepted=0, rejected=19),  # a handful of spam, no mail
        Sample(600, arrived=4, failed=4),  # four bad addresses
        Sample(600, arrived=20, delivered=12, failed=8),
        Sample(600, died=2),
        Sample(600, broken=2, put_off=2),
        Sample(600, warnings={"proxymap: it does not work": 9}),
        Sample(600, arrived=60, delivered=40, waiting=19),
    ],
)
def test_what_chance_or_spam_explains_is_no_sign(after):
    assert kinds_of(after) == set()


def test_spam_as_heavy_as_before_is_no_sign():
    before = Sample(3600, accepted=20, rejected=5000, arrived=20, delivered=20)

    assert kinds_of(Sample(600, accepted=0, rejected=1200), before=before) == set()


def test_a_next_hop_that_was_down_before_is_no_sign():
    before = Sample(3600, accepted=100, arrived=100, delivered=5, failed=95)

    assert kinds_of(Sample(600, arrived=20, failed=20), before=before) == set()


def test_daemons_that_died_as_often_before_are_no_sign():
    before = replace(HOUR, died=60)

    assert kinds_of(Sample(300, died=5), before=before) == set()


def test_without_any_mail_before_all_failing_deliveries_are_a_sign():
    assert kinds_of(Sample(60, arrived=5, failed=5), before=Sample(0)) == {"failed"}


def test_without_any_mail_before_half_failing_deliveries_are_none():
    assert kinds_of(Sample(60, arrived=20, failed=10, delivered=10), before=Sample(0)) == set()


def test_without_any_mail_before_many_refusals_are_none():
    assert kinds_of(Sample(600, rejected=5000), before=Sample(0)) == set()


@pytest.mark.parametrize(
    "after",
    [
        Sample(300, accepted=2, rejected=40),
        Sample(60, broken=3, put_off=3),
        Sample(60, arrived=6, failed=6),
        Sample(60, died=3),
        Sample(60, warnings={"proxymap: it does not work": 10}),
    ],
)
def test_what_is_over_is_no_sign_any_more(after):
    assert kinds_of(after, Sample(12, accepted=3, delivered=3)) == set()


def test_a_sign_says_the_numbers_and_shows_the_lines():
    (sign,) = signs(HOUR, Sample(60, arrived=6, failed=6, examples={"failed": ("the line",)}), Sample(12, failed=2))

    assert sign.lines == ("the line",)
    assert "6 could not be delivered" in sign.text
    assert "before: 10 and 350" in sign.text


@given(samples)
def test_the_same_as_before_is_never_a_sign(sample):
    assert signs(sample, sample, sample) == ()


@given(samples, samples)
def test_nothing_at_all_is_never_a_sign(before, latest):
    assert signs(before, Sample(600), latest) == ()


@given(samples, samples)
def test_what_does_not_go_on_is_a_sign_only_for_a_queue_that_waits(before, after):
    assert {sign.kind for sign in signs(before, after, Sample(12))} <= {"waiting"}
