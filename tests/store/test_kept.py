from __future__ import annotations

import pytest

from sealgate.model.errors import Conflict, NotFound


def test_a_secret_is_kept_as_sealed(store):
    with store.writing("a") as w:
        w.put_secret("s1", b"\0sealed\xff")
    with store.reading() as r:
        assert (r.secret("s1"), list(r.secret_ids())) == (b"\0sealed\xff", ["s1"])


def test_a_secret_cannot_be_replaced(store):
    with store.writing("a") as w:
        w.put_secret("s1", b"one")
    with pytest.raises(Conflict), store.writing("a") as w:
        w.put_secret("s1", b"two")


def test_the_same_secret_can_be_put_again(store):
    with store.writing("a") as w:
        w.put_secret("s1", b"one")
        w.put_secret("s1", b"one")
    with store.reading() as r:
        assert r.secret("s1") == b"one"


def test_a_secret_that_is_not_there_is_not_found(store):
    with store.reading() as r, pytest.raises(NotFound):
        r.secret("s1")


def test_a_judgement_is_kept_by_digest_and_grade(store):
    with store.writing("a") as w:
        w.put_judgement("d1", "probe", {"findings": []})
        w.put_judgement("d1", "full", {"findings": ["one"]})
    with store.reading() as r:
        kept = [r.judgement("d1", "probe"), r.judgement("d1", "full"), r.judgement("d2", "full")]
    assert kept == [{"findings": []}, {"findings": ["one"]}, None]


def test_a_later_judgement_replaces_the_earlier(store):
    with store.writing("a") as w:
        w.put_judgement("d1", "probe", {"findings": ["old"]})
        w.put_judgement("d1", "probe", {"findings": ["new"]})
    with store.reading() as r:
        assert r.judgement("d1", "probe") == {"findings": ["new"]}


def test_a_node_is_kept_as_it_last_reported(store):
    with store.writing("agent") as w:
        w.put_node("gw2", {"revision": 1})
        w.put_node("gw1", {"revision": 1})
        w.put_node("gw1", {"revision": 2})
    with store.reading() as r:
        assert [(node.name, node.state) for node in r.nodes()] == [("gw1", {"revision": 2}), ("gw2", {"revision": 1})]


def test_a_fact_is_kept_by_name(store):
    with store.writing("a") as w:
        w.put_fact("gateway", "one")
        w.put_fact("gateway", "two")
    with store.reading() as r:
        assert (r.fact("gateway"), r.fact("unknown")) == ("two", None)
