"""From the draft to what is live, over the pages: the bar, review, discard, check, apply, keep, history, drift."""

from __future__ import annotations

import html
import re
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.support.waiting import wait_until
from tests.web.test_lists import add

from sealgate.link.messages import Outcome, State
from sealgate.link.upkeep import Drift, DriftItem, DriftKind
from sealgate.model.findings import Place, error, warning
from sealgate.services import changes, rows, settings
from sealgate.services.actor import Actor, Right
from sealgate.web.review import MOST_SHOWN

if TYPE_CHECKING:
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

ANN = Actor("local:ann")


def ended(client: httpx.Client, answer: httpx.Response) -> str:
    """Follow a job to its end; return the page that tells how it ended."""
    assert answer.status_code == 303
    path = answer.headers["location"]
    assert path.startswith("/jobs/")
    return str(wait_until(lambda: 'data-job="ended"' in (page := client.get(path).text) and page, "the job ends"))


def apply(client: httpx.Client, comment: str = "for a test", minutes: str = "") -> str:
    return ended(client, client.post("/changes/apply", data={"comment": comment, "minutes": minutes}))


def test_the_bar_counts_what_is_not_applied_and_by_whom(ann: httpx.Client, bob: httpx.Client) -> None:
    add(ann, "black")
    add(bob, "white")
    add(bob, "rbl")

    text = " ".join(re.sub(r"<[^>]*>", " ", ann.get("/").text).split())

    assert "3 changes are not applied bob (2), you (1)" in text


def test_without_changes_there_is_no_bar(ann: httpx.Client) -> None:
    assert "not applied" not in ann.get("/mta/black").text


def test_a_change_that_is_taken_back_is_no_change(ann: httpx.Client) -> None:
    add(ann, "black")
    ann.post("/mta/black/bulk", data={"do": "remove", "key": "192.168.88.0/24"})

    assert "not applied" not in ann.get("/mta/black").text


def test_the_bar_says_what_a_check_in_the_background_found(ann: httpx.Client, agent: StandIn) -> None:
    agent.findings = (error("x", Place(), "Bad.").to_json(), warning("y", Place(), "Doubtful.").to_json())
    add(ann, "black")

    wait_until(lambda: "1 error" in (page := ann.get("/").text) and "1 warning" in page, "the check ends")


def test_a_finding_stands_at_the_field_that_it_is_about(ann: httpx.Client, agent: StandIn) -> None:
    agent.findings = (warning("x", Place("setting", "my-hostname"), "It has no address.").to_json(),)
    add(ann, "black")

    text = wait_until(lambda: "It has no address" in (page := ann.get("/mta/config").text) and page, "the check ends")

    field = str(text)[str(text).index('id="f-my-hostname"') : str(text).index('id="f-smtp-helo-name"')]
    assert "It has no address" in field


def test_the_review_says_changes_in_words_and_who_may_newly_relay(ann: httpx.Client) -> None:
    add(ann, "network")

    text = ann.get("/changes").text

    assert "10.0.0.0/8 may relay to anywhere" in text


def test_the_review_shows_files_side_by_side(gateway: Gateway, ann: httpx.Client) -> None:
    settings.set_value(gateway, ANN, "my-hostname", "gw.example.com")

    text = ann.get("/changes").text

    assert re.search(
        r'(?s)<td class="gone">myhostname = [^<]*</td>.*<td class="come">myhostname = gw.example.com</td>', text
    )


def many(gateway: Gateway, count: int) -> None:
    """Put so many domains into the draft at once."""
    with gateway.writing(ANN) as writer:
        fields = ((f"d{n:04}.example", {"domain": f"d{n:04}.example"}, "", True, None) for n in range(count))
        writer.save_many("relay-domain", fields)


def promote(gateway: Gateway) -> None:
    """Make a revision of the draft."""
    with gateway.writing(ANN) as writer:
        writer.promote(writer.candidate().candidate, "many", {}, state="confirmed")


def links(text: str) -> list[str]:
    """Return where the links to the next part lead."""
    return [html.unescape(found) for found in re.findall(r'href="([^"]*)" rel="next"', text)]


def test_many_changes_go_on_behind_a_link(gateway: Gateway, ann: httpx.Client) -> None:
    many(gateway, MOST_SHOWN + 2)

    (way,) = links(ann.get("/changes").text)
    rest = ann.get(way).text

    keys = re.findall(r"<code>(d\d+\.example)</code>", rest)
    assert (keys, links(rest), '<form action="/changes/apply"' in rest) == (
        ["d0200.example", "d0201.example"],
        [],
        False,
    )


def test_after_a_discard_one_is_in_the_same_part(gateway: Gateway, ann: httpx.Client) -> None:
    many(gateway, 3)
    after = "relay-domain:d0000.example"
    form = {"noun": "relay-domain", "key": "d0001.example", "after": after}

    asked = ann.post("/changes/discard", data=form).text
    done = ann.post("/changes/discard", data=form | {"sure": "yes"})

    assert f'name="after" value="{after}"' in asked
    assert httpx.URL(done.headers["location"]).params["after"] == after


def test_the_changes_of_a_revision_go_on_behind_a_link(gateway: Gateway, ann: httpx.Client) -> None:
    many(gateway, 1)
    promote(gateway)
    many(gateway, MOST_SHOWN + 2)
    promote(gateway)

    (way,) = links(ann.get("/history/2?against=1").text)
    rest = ann.get(way).text

    assert (re.findall(r"<code>(d\d+\.example)</code>", rest), links(rest)) == (["d0201.example"], [])
    assert httpx.URL(way).params["against"] == "1"


def test_one_change_is_discarded(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "black")
    add(ann, "white")

    ann.post("/changes/discard", data={"noun": "black", "key": "192.168.88.0/24", "sure": "yes"})

    assert [item.difference.noun for item in changes.pending(gateway, ANN)] == ["white"]


def test_discarding_all_asks_first(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "black")

    asked = ann.post("/changes/discard-all")

    assert (asked.status_code, len(changes.pending(gateway, ANN))) == (200, 1)


def test_all_changes_are_discarded(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "black")

    ann.post("/changes/discard-all", data={"sure": "yes"})

    assert changes.pending(gateway, ANN) == []


def test_a_check_tells_that_the_draft_passed(ann: httpx.Client, agent: StandIn) -> None:
    add(ann, "black")

    assert "The draft passed" in ended(ann, ann.post("/changes/check"))


def test_a_check_tells_what_is_wrong(ann: httpx.Client, agent: StandIn) -> None:
    agent.findings = (error("x", Place("black", "k"), "This is bad.").to_json(),)
    add(ann, "black")

    assert "This is bad." in ended(ann, ann.post("/changes/check"))


def test_a_check_without_the_agent_says_that_postfix_has_not_judged(ann: httpx.Client) -> None:
    add(ann, "black")

    assert "Postfix has not judged" in ended(ann, ann.post("/changes/check"))


def test_an_apply_makes_the_draft_a_revision_in_force(gateway: Gateway, ann: httpx.Client, agent: StandIn) -> None:
    add(ann, "black")

    text = apply(ann)

    assert ("Applied." in text, changes.history(gateway, ANN).in_force) == (True, 1)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"comment": ""}, "needs a comment"),
        ({"minutes": "0"}, "time to keep it is out of range"),
        ({"minutes": "soon"}, "time to keep it is out of range"),
        ({"watch": "-1"}, "time to watch is out of range"),
        ({"watch": "10081"}, "time to watch is out of range"),
    ],
)
def test_a_fault_of_an_apply_is_said_at_its_field(
    ann: httpx.Client, agent: StandIn, fields: dict[str, str], said: str
) -> None:
    add(ann, "black")

    answer = ann.post("/changes/apply", data={"comment": "x"} | fields)

    assert (answer.status_code, said in answer.text) == (422, True)


@pytest.mark.parametrize(("watch", "seconds"), [("", 600), ("0", 0), ("25", 1500)])
def test_mail_is_watched_for_ten_minutes_or_as_long_as_was_said(
    ann: httpx.Client, agent: StandIn, watch: str, seconds: int
) -> None:
    add(ann, "black")
    said = "Empty: 10 minutes" in ann.get("/changes").text

    ended(ann, ann.post("/changes/apply", data={"comment": "x", "watch": watch}))

    (asked,) = [question for verb, question in agent.asked if verb == "apply"]
    assert (said, asked.watch_for) == (True, seconds)


def test_an_apply_that_is_refused_says_why_and_changes_nothing(
    gateway: Gateway, ann: httpx.Client, agent: StandIn
) -> None:
    agent.findings = (error("x", Place("black", "k"), "This is bad.").to_json(),)
    add(ann, "black")

    text = apply(ann)

    assert ("Nothing was applied" in text, "This is bad." in text) == (True, True)
    assert changes.history(gateway, ANN).in_force == 0


def test_an_apply_without_the_agent_says_that_the_draft_is_safe(ann: httpx.Client) -> None:
    add(ann, "black")

    assert "The draft is safe" in apply(ann)


def on_watch(agent: StandIn) -> None:
    until = time.time() + 600
    agent.answers["apply"] = lambda question, _talk: Outcome(
        State.ON_WATCH, question.revision, question.digest[:16], "Applied for 10 minutes.", watch_until=until
    )
    agent.answers["status"] = lambda _question, _talk: agent.status(
        **({"state": State.ON_WATCH, "watch_until": until} if agent.outcome else {})
    )
    agent.answers["confirm"] = lambda question, _talk: Outcome(State.CONFIRMED, question.revision or 1, "r", "Kept.")


def test_a_revision_on_watch_has_a_countdown_and_a_button_to_keep_it_on_every_page(
    ann: httpx.Client, agent: StandIn
) -> None:
    on_watch(agent)
    add(ann, "black")
    apply(ann, minutes="10")

    text = ann.get("/mta/transport").text

    left = re.search(r'data-countdown="(\d+)"', text)
    assert left
    assert 500 < int(left[1]) <= 600
    assert "Keep revision 1" in text


def test_a_revision_on_watch_is_kept(ann: httpx.Client, agent: StandIn) -> None:
    on_watch(agent)
    add(ann, "black")
    apply(ann, minutes="10")

    answer = ann.post("/changes/keep", data={"revision": "1"})

    assert (answer.status_code, [body.revision for verb, body in agent.asked if verb == "confirm"]) == (303, [1])


def test_a_job_is_for_who_started_it_and_for_who_may_apply(
    site: WebSite, ann: httpx.Client, bob: httpx.Client, agent: StandIn
) -> None:
    site.people.known["carl"] = Actor("local:carl", "web", frozenset({Right.VIEW, Right.EDIT}))
    add(ann, "black")
    path = ann.post("/changes/check").headers["location"]

    with site.client("carl") as carl:
        assert (carl.get(path).status_code, bob.get(path).status_code) == (404, 200)


def test_the_history_tells_revisions_with_author_and_comment(ann: httpx.Client, agent: StandIn) -> None:
    add(ann, "black")
    apply(ann, "the first of all")

    text = ann.get("/history").text

    assert ("the first of all" in text, "in force" in text) == (True, True)


def two_revisions(ann: httpx.Client) -> None:
    add(ann, "black")
    apply(ann, "first")
    add(ann, "white")
    ann.post("/mta/black/bulk", data={"do": "remove", "key": "192.168.88.0/24"})
    apply(ann, "second")


def test_a_revision_shows_what_it_changed(ann: httpx.Client, agent: StandIn) -> None:
    two_revisions(ann)

    text = ann.get("/history/2").text

    assert ("192.168.88.0/24" in text, "203.0.113.7" in text) == (True, True)


def test_a_revision_is_compared_with_any_other_state(ann: httpx.Client, agent: StandIn) -> None:
    two_revisions(ann)
    add(ann, "rbl")

    assert "zen.example.net" in ann.get("/history/1", params={"against": "draft"}).text


@pytest.mark.parametrize("number", ["99", "0", "x", "draft", "-1"])
def test_a_revision_that_there_is_not_is_404(ann: httpx.Client, number: str) -> None:
    assert ann.get(f"/history/{number}").status_code == 404


def test_one_object_is_restored_into_the_draft(gateway: Gateway, ann: httpx.Client, agent: StandIn) -> None:
    two_revisions(ann)

    ann.post("/history/1/restore-object", data={"noun": "black", "key": "192.168.88.0/24"})

    assert [rows.listing(gateway, ANN, noun).total for noun in ("black", "white")] == [1, 1]


def test_an_object_changed_meanwhile_is_not_restored_and_the_page_says_so(
    gateway: Gateway, ann: httpx.Client, agent: StandIn
) -> None:
    two_revisions(ann)
    text = ann.get("/history/1", params={"against": "2"}).text
    first = text[text.index("/restore-object") :].partition("</form>")[0]
    form = dict(re.findall(r'name="([a-z]+)" value="([^"]*)"', first))
    rows.add(gateway, ANN, "black", {"client": "192.168.88.0/24", "reason": "theirs"})

    answer = ann.post("/history/1/restore-object", data=form)

    assert (answer.status_code, "Nothing was restored" in answer.text) == (409, True)
    assert rows.show(gateway, ANN, "black", "192.168.88.0/24").fields["reason"] == "theirs"


def test_a_whole_revision_is_restored_into_the_draft(gateway: Gateway, ann: httpx.Client, agent: StandIn) -> None:
    two_revisions(ann)

    ann.post("/history/1/restore")

    assert [rows.listing(gateway, ANN, noun).total for noun in ("black", "white")] == [1, 0]


def test_restoring_over_changes_asks_first(gateway: Gateway, ann: httpx.Client, agent: StandIn) -> None:
    two_revisions(ann)
    add(ann, "rbl")

    answer = ann.post("/history/1/restore")

    assert (answer.status_code, rows.listing(gateway, ANN, "rbl").total) == (200, 1)


def test_the_audit_says_what_was_done_from_where_to_where(ann: httpx.Client, agent: StandIn) -> None:
    two_revisions(ann)
    agent.answers["rollback"] = lambda question, _talk: Outcome(State.CONFIRMED, question.revision, "r", "Back again.")
    ended(ann, ann.post("/history/rollback", data={"to": "1"}))

    text = ann.get("/audit").text

    assert re.search(r"(?s)<details>.*<dt>asked</dt><dd>1</dd>.*<dt>from</dt><dd>2</dd>", text)


def test_an_earlier_revision_is_made_live_again(gateway: Gateway, ann: httpx.Client, agent: StandIn) -> None:
    two_revisions(ann)
    agent.answers["rollback"] = lambda question, _talk: Outcome(State.CONFIRMED, question.revision, "r", "Back again.")

    text = ended(ann, ann.post("/history/rollback", data={"to": "1"}))

    assert ("Back again." in text, changes.history(gateway, ANN).in_force) == (True, 1)


DIFF = "--- main.cf\n+++ main.cf\n@@ -1,2 +1,2 @@\n myhostname = a\n-relayhost =\n+relayhost = [b]\n"


def test_drift_is_shown_line_beside_line(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["drift"] = Drift("r", 1, (DriftItem("main.cf", DriftKind.CHANGED, "a", "b", DIFF),))

    text = ann.get("/drift").text

    assert re.search(r'(?s)<td class="gone">relayhost =</td>.*<td class="come">relayhost = \[b\]</td>', text)


def test_a_hand_edit_is_overwritten_after_it_was_asked_for_once_more(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["drift"] = Drift("r", 1, (DriftItem("main.cf", DriftKind.CHANGED, "a", "b", DIFF),))
    agent.answers["overwrite"] = Drift("r", 1, ())

    asked = ann.post("/drift/overwrite", data={"file": "main.cf"})
    before = [verb for verb, _ in agent.asked if verb == "overwrite"]
    ann.post("/drift/overwrite", data={"file": "main.cf", "sure": "yes"})

    assert (asked.status_code, "main.cf" in asked.text, before) == (200, True, [])
    assert [body.files for verb, body in agent.asked if verb == "overwrite"] == [("main.cf",)]


def test_a_search_finds_pages_settings_and_rows(ann: httpx.Client) -> None:
    add(ann, "transport", comment="for the hostname of a partner")

    text = ann.get("/search", params={"q": "hostname"}).text

    assert ("My hostname" in text, "example.org" in text) == (True, True)


def test_the_site_forgets_nothing_of_a_draft_while_the_agent_is_away(site: WebSite, ann: httpx.Client) -> None:
    add(ann, "black")

    assert "192.168.88.0/24" in ann.get("/changes").text
