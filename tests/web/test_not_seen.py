"""What somebody else did meanwhile is never made live, undone or thrown away by a button that was shown before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.web.test_changing import ANN, apply, ended, on_watch
from tests.web.test_lists import add

from sealgate.link.messages import Outcome, State
from sealgate.services import changes

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
