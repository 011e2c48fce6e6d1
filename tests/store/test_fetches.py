"""What came of fetching lists is kept: the newest, bounded."""

from __future__ import annotations

import datetime as dt

from sealgate.store import Ended, Fetch
from sealgate.store.dumping import dump, load
from sealgate.store.fetches import KEPT, MOST_NAMED

NETWORKS = tuple(f"10.{number // 256}.{number % 256}.0/24" for number in range(MOST_NAMED + 50))


def keep(store, *fetches, provider="cloud"):
    for fetch in fetches:
        with store.writing("system:providers") as w:
            w.keep_fetch(provider, fetch)


def kept(store, provider="cloud"):
    with store.reading() as r:
        return r.fetches(provider)


def test_a_fetch_is_kept_as_it_was(store):
    at = dt.datetime(2030, 1, 2, tzinfo=dt.UTC)
    fetch = Fetch(
        Ended.NEW, "new", "google", "v1", "d1", 7, ("10.0.0.0/8",), ("192.0.2.0/24",), 3, 4, ("remark",), 5, at=at
    )
    keep(store, fetch)
    found = kept(store)[0]

    assert (found.number, found.at, found.came, found.went) == (1, at, 4, 5)
    assert (found.ended, found.remarks, found.revision, found.count) == (Ended.NEW, ("remark",), 5, 7)


def test_the_newest_stand_first(store):
    keep(store, *(Fetch(Ended.FAILED, str(number)) for number in range(3)))

    assert [fetch.text for fetch in kept(store)] == ["2", "1", "0"]


def test_old_ones_are_forgotten(store):
    with store.writing("system:providers") as w:
        for number in range(KEPT + 5):
            w.keep_fetch("cloud", Fetch(Ended.UNCHANGED, str(number)))

    assert [len(kept(store)), kept(store)[-1].text] == [KEPT, "5"]


def test_a_long_list_is_kept_in_part_and_counted(store):
    keep(store, Fetch(Ended.NEW, "new", added=NETWORKS, more_added=1))
    found = kept(store)[0]

    assert (len(found.added), found.came) == (MOST_NAMED, len(NETWORKS) + 1)


def test_each_provider_has_its_own(store):
    keep(store, Fetch(Ended.NEW, "one"))
    keep(store, Fetch(Ended.NEW, "other"), provider="other")

    assert [fetch.text for fetch in kept(store)] == ["one"]


def test_those_of_providers_that_are_gone_are_forgotten(store):
    keep(store, Fetch(Ended.NEW, "one"))
    keep(store, Fetch(Ended.NEW, "other"), provider="other")
    with store.writing("system:providers") as w:
        w.forget_fetches(["other"])

    assert (kept(store), len(kept(store, "other"))) == ([], 1)


def test_they_are_part_of_a_backup(store):
    keep(store, Fetch(Ended.NEW, "one", "google", "v", "d", 1, ("10.0.0.0/8",)))
    with store.reading() as r:
        lines = list(dump(r))
    keep(store, Fetch(Ended.FAILED, "later"))
    with store.writing("local:ann") as w:
        load(w, lines)

    assert [fetch.text for fetch in kept(store)] == ["one"]
