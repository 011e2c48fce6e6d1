"""From the draft to what is live, over the pages: the bar, review, discard, check, apply, keep, history, drift."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from tests.support.waiting import wait_until
from tests.web.test_lists import GOOD, add

from sealgate.link.messages import Outcome, State
from sealgate.link.upkeep import Drift, DriftItem, DriftKind
from sealgate.model.findings import Place, error, warning
from sealgate.services import changes, own_lines, rows, settings
from sealgate.services.actor import Actor, Right

if TYPE_CHECKING:
    import httpx
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


def test_settings_are_saved_together_and_only_what_differs(gateway: Gateway, ann: httpx.Client) -> None:
    form = {"my-hostname": "gw.example.com", "smtp-helo-name": "", "before-filter-size-limit": "20 MiB"}

    ann.post("/mta/config", data=form)

    pending = {item.difference.key for item in changes.pending(gateway, ANN)}
    assert pending == {"my-hostname", "before-filter-size-limit"}


def test_settings_at_fault_are_all_named_and_none_is_saved(gateway: Gateway, ann: httpx.Client) -> None:
    form = {"my-hostname": "not a name", "before-filter-size-limit": "0", "smtp-helo-name": "helo.example.com"}

    answer = ann.post("/mta/config", data=form)

    faults = re.findall(r'id="f-([a-z-]+)-problem"', answer.text)
    assert (answer.status_code, faults) == (422, ["my-hostname", "before-filter-size-limit"])
    assert changes.pending(gateway, ANN) == []


def test_a_setting_changed_by_somebody_else_is_a_conflict(gateway: Gateway, ann: httpx.Client) -> None:
    settings.set_value(gateway, ANN, "my-hostname", "gw.example.com")

    answer = ann.post("/mta/config", data={"my-hostname": "mine.example.com", "base.my-hostname": ""})

    assert (answer.status_code, "gw.example.com" in answer.text, "mine.example.com" in answer.text) == (409, True, True)


def test_a_relay_host_is_entered_in_parts(gateway: Gateway, ann: httpx.Client) -> None:
    form = {
        "external-relay-host": "smtp.example.net",
        "external-relay-host.port": "587",
        "external-relay-host.mx": "yes",
    }

    ann.post("/mta/config", data=form)

    shown = settings.show(gateway, ANN, ["external-relay-host"])[0]
    assert shown.value == {"host": "smtp.example.net", "port": 587, "mx": True}


def test_a_setting_that_goes_back_to_its_default_is_no_change_any_more(gateway: Gateway, ann: httpx.Client) -> None:
    ann.post("/mta/config", data={"my-hostname": "gw.example.com"})
    version = settings.show(gateway, ANN, ["my-hostname"])[0].version

    ann.post("/mta/config", data={"my-hostname": "", "base.my-hostname": str(version)})

    assert changes.pending(gateway, ANN) == []


def test_own_lines_are_kept_as_typed(gateway: Gateway, ann: httpx.Client) -> None:
    typed = "\r\n# ours\r\n\r\nsmtpd_banner =\r\n\t$myhostname\r\n"

    ann.post("/mta/config-file", params={"file": "main-cf"}, data={"text": typed, "base": ""})

    assert own_lines.show(gateway, ANN, "main-cf").text == typed.replace("\r\n", "\n")


def test_own_lines_changed_by_somebody_else_are_a_conflict_that_shows_both(gateway: Gateway, ann: httpx.Client) -> None:
    own_lines.edit(gateway, ANN, "main-cf", "biff = yes\n")

    answer = ann.post("/mta/config-file", data={"text": "biff = no\n", "base": ""})

    assert (answer.status_code, "biff = yes" in answer.text, "biff = no" in answer.text) == (409, True, True)
    assert own_lines.show(gateway, ANN, "main-cf").text == "biff = yes\n"


def test_the_config_file_page_shows_the_whole_file_of_the_draft(gateway: Gateway, ann: httpx.Client) -> None:
    settings.set_value(gateway, ANN, "my-hostname", "gw.example.com")

    assert "<code>myhostname = gw.example.com</code>" in ann.get("/mta/config-file").text


def test_an_import_is_previewed_without_changing_anything(gateway: Gateway, ann: httpx.Client) -> None:
    answer = ann.post("/mta/relay-domain/import", data={"text": "a.example\nb.example\n", "do": "preview"})

    assert (answer.status_code, "<dd>2</dd>" in answer.text) == (200, True)
    assert rows.listing(gateway, ANN, "relay-domain").total == 0


def test_an_import_is_done(gateway: Gateway, ann: httpx.Client) -> None:
    files = {"file": ("domains.txt", b"a.example\r\nb.example\r\n", "text/plain")}

    ann.post("/mta/relay-domain/import", data={"do": "import"}, files=files)

    assert [row.key for row in rows.listing(gateway, ANN, "relay-domain").rows] == ["a.example", "b.example"]


def test_an_import_at_fault_names_each_line_and_changes_nothing(gateway: Gateway, ann: httpx.Client) -> None:
    answer = ann.post("/mta/relay-domain/import", data={"text": "a.example\nno good\nalso bad\n", "do": "import"})

    assert (answer.status_code, "line 2" in answer.text, "line 3" in answer.text) == (422, True, True)
    assert rows.listing(gateway, ANN, "relay-domain").total == 0


@pytest.mark.parametrize("form", ["text", "csv"])
@pytest.mark.parametrize("noun", [noun for noun in GOOD if noun not in {"sasl", "lookup-table"}])
def test_what_is_exported_is_imported_as_the_same_list(
    gateway: Gateway, ann: httpx.Client, noun: str, form: str
) -> None:
    add(ann, noun, comment="kept")
    before = rows.listing(gateway, ANN, noun).rows[0]
    text = ann.get(f"/mta/{noun}/export", params={"format": form}).text
    ann.post(f"/mta/{noun}/bulk", data={"do": "remove", "key": before.key})

    ann.post(f"/mta/{noun}/import", data={"text": text, "format": form, "do": "import"})

    after = rows.listing(gateway, ANN, noun).rows[0]
    assert (after.key, after.fields, after.comment) == (before.key, before.fields, before.comment)


def test_logins_are_never_exported(ann: httpx.Client) -> None:
    add(ann, "sasl")

    assert ann.get("/mta/sasl/export", params={"format": "csv"}).status_code == 404


def test_a_list_is_edited_as_text(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "transport")
    page = ann.get("/mta/transport-config").text
    base = re.search(r'name="base" value="([0-9a-f]+)"', page)
    assert base

    ann.post(
        "/mta/transport-config",
        data={"text": "# new\nb.example smtp:[mx.b.example]:26\n", "base": base[1], "sure": "1"},
    )

    found = rows.listing(gateway, ANN, "transport").rows
    assert [(row.key, row.fields["port"], row.comment) for row in found] == [("b.example", 26, "new")]


@pytest.mark.parametrize("sure", ["", "7"])
def test_a_text_that_removes_rows_is_saved_only_when_their_number_was_agreed_to(
    gateway: Gateway, ann: httpx.Client, sure: str
) -> None:
    add(ann, "black")
    base = re.search(r'name="base" value="([0-9a-f]+)"', ann.get("/mta/black/text").text)
    assert base

    asked = ann.post("/mta/black/text", data={"text": "", "base": base[1], "sure": sure})
    before = rows.listing(gateway, ANN, "black").total
    ann.post("/mta/black/text", data={"text": "", "base": base[1], "sure": "1"})

    assert (asked.status_code, 'name="sure" value="1"' in asked.text, before) == (200, True, 1)
    assert rows.listing(gateway, ANN, "black").total == 0


def test_a_list_changed_by_somebody_else_is_a_conflict_as_text_too(gateway: Gateway, ann: httpx.Client) -> None:
    page = ann.get("/mta/black/text").text
    base = re.search(r'name="base" value="([0-9a-f]+)"', page)
    assert base
    add(ann, "black")

    answer = ann.post("/mta/black/text", data={"text": "192.0.2.1\n", "base": base[1]})

    assert (answer.status_code, "192.168.88" in answer.text, "192.0.2.1" in answer.text) == (409, True, True)


def test_a_transport_line_that_the_parser_does_not_know_stays_in_the_text(ann: httpx.Client) -> None:
    page = ann.get("/mta/transport-config").text
    base = re.search(r'name="base" value="([0-9a-f]+)"', page)
    assert base
    ann.post("/mta/transport-config", data={"text": "odd+key@ smtp:[mx]:bad:port\n", "base": base[1]})

    assert "odd+key@ smtp:[mx]:bad:port" in ann.get("/mta/transport-config").text


def test_a_search_finds_pages_settings_and_rows(ann: httpx.Client) -> None:
    add(ann, "transport", comment="for the hostname of a partner")

    text = ann.get("/search", params={"q": "hostname"}).text

    assert ("My hostname" in text, "example.org" in text) == (True, True)


def test_the_site_forgets_nothing_of_a_draft_while_the_agent_is_away(site: WebSite, ann: httpx.Client) -> None:
    add(ann, "black")

    assert "192.168.88.0/24" in ann.get("/changes").text
