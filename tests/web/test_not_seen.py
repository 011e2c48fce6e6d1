"""What nobody saw is never made live, undone, thrown away or left out: stale pages, and long lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.web.test_changing import ANN, apply, ended, on_watch
from tests.web.test_lists import add

from sealgate.link.messages import Outcome, State
from sealgate.link.upkeep import Count, QueueFilter
from sealgate.services import changes, settings
from sealgate.web.history import MOST_REVISIONS

if TYPE_CHECKING:
    import httpx
    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def test_a_change_that_was_not_reviewed_is_not_applied(
    gateway: Gateway, ann: httpx.Client, bob: httpx.Client, agent: StandIn
) -> None:
    add(ann, "black")
    seen = hidden(ann.get("/changes").text, "seen")
    add(bob, "white")

    answer = ann.post("/changes/apply", data={"comment": "for the office", "minutes": "7", "seen": seen})

    assert (answer.status_code, "changed meanwhile by bob" in answer.text) == (409, True)
    assert ('value="for the office"' in answer.text, 'value="7"' in answer.text) == (True, True)
    assert (changes.history(gateway, ANN).in_force, agent.outcome) == (0, None)


def test_the_page_that_says_so_has_the_button_for_what_it_shows(
    gateway: Gateway, ann: httpx.Client, bob: httpx.Client, agent: StandIn
) -> None:
    add(ann, "black")
    seen = hidden(ann.get("/changes").text, "seen")
    add(bob, "white")
    again = ann.post("/changes/apply", data={"comment": "x", "seen": seen}).text

    ended(ann, ann.post("/changes/apply", data={"comment": "x", "seen": hidden(again, "seen")}))

    assert (changes.history(gateway, ANN).in_force, changes.pending(gateway, ANN)) == (1, [])
    assert agent.outcome


def test_undo_now_is_about_the_revision_that_the_page_showed(ann: httpx.Client, agent: StandIn) -> None:
    on_watch(agent)
    agent.answers["rollback"] = Outcome(State.UNDONE, None, "r", "Undone.")
    add(ann, "black")
    apply(ann, minutes="10")
    shown = hidden(ann.get("/").text, "revision")

    ended(ann, ann.post("/history/rollback", data={"revision": shown}))

    (asked,) = [question for verb, question in agent.asked if verb == "rollback"]
    assert (asked.revision, asked.watched) == (None, 1)


def test_an_undo_of_nothing_that_is_named_is_refused(ann: httpx.Client, agent: StandIn) -> None:
    answer = ann.post("/history/rollback")

    assert (answer.status_code, [verb for verb, _ in agent.asked if verb == "rollback"]) == (422, [])


def test_discarding_a_change_asks_first_and_shows_it(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "black")
    base = hidden(ann.get("/changes").text, "base")

    asked = ann.post("/changes/discard", data={"noun": "black", "key": "192.168.88.0/24", "base": base})

    assert (asked.status_code, "192.168.88.0/24" in asked.text, hidden(asked.text, "base")) == (200, True, base)
    assert len(changes.pending(gateway, ANN)) == 1


@pytest.mark.parametrize("sure", ["", "yes"])
def test_a_change_that_somebody_changed_again_is_not_discarded(
    gateway: Gateway, ann: httpx.Client, bob: httpx.Client, sure: str
) -> None:
    settings.set_value(gateway, ANN, "my-hostname", "gw.example.com")
    base = hidden(ann.get("/changes").text, "base")
    bob.post("/mta/config", data={"my-hostname": "other.example.com", "base.my-hostname": base})

    answer = ann.post("/changes/discard", data={"noun": "setting", "key": "my-hostname", "base": base, "sure": sure})

    (left,) = changes.pending(gateway, ANN)
    assert (answer.status_code, left.difference.fields[0].new) == (409, "other.example.com")


def test_a_removal_is_discarded_by_what_was_seen(gateway: Gateway, ann: httpx.Client, agent: StandIn) -> None:
    add(ann, "black")
    apply(ann)
    ann.post("/mta/black/bulk", data={"do": "remove", "key": "192.168.88.0/24"})
    base = hidden(ann.get("/changes").text, "base")
    form = {"noun": "black", "key": "192.168.88.0/24", "base": base}

    asked, done = (ann.post("/changes/discard", data=form | {"sure": sure}) for sure in ("", "yes"))

    assert (base, asked.status_code, done.status_code, changes.pending(gateway, ANN)) == ("", 200, 303, [])
    assert agent.asked


def test_an_act_on_the_whole_queue_is_about_all_of_it_and_not_about_what_a_page_lists(
    ann: httpx.Client, agent: StandIn
) -> None:
    agent.answers["queue-act"] = Count(70_000)

    text = ann.post("/queue/act", data={"do": "hold"}).text
    ann.get("/queue", params={"sender": "a@example.com"})

    (act,) = [question.filter for verb, question in agent.asked if verb == "queue-act"]
    (listed,) = [question for verb, question in agent.asked if verb == "queue-list"]
    assert ("70,000" in text, act, listed.limit) == (True, QueueFilter(), 501)


def test_the_history_goes_on_behind_its_last_revision(gateway: Gateway, ann: httpx.Client) -> None:
    for number in range(MOST_REVISIONS + 2):
        with gateway.writing(ANN) as writer:
            writer.promote(writer.candidate().candidate, f"apply {number + 1}", {}, state="confirmed")

    first = ann.get("/history").text
    onward = re.search(r'href="([^"]*)" rel="next"', first)
    assert onward
    last = ann.get(onward[1]).text

    assert [re.findall(r'href="/history/(\d+)"', text)[-1] for text in (first, last)] == ["3", "1"]
    assert 'rel="next"' not in last
