"""What the API shows: changes, history, files, the node, mail, audit, people; and the tester of header checks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.api.conftest import PREFIX, token_of, wait_for_jobs
from tests.support.accounts import audit_text, person, signed_in, verbs
from tests.support.answering_agent import MESSAGE, RELEASE

from sealgate.link.upkeep import Drift, DriftItem, DriftKind, QueryAnswer
from sealgate.services.roles import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway

ANY = {"if-match": "*"}


def add(client: httpx.Client, noun: str, /, **fields: Any) -> None:
    assert client.post(f"{PREFIX}/rows/{noun}", json={"fields": fields}).status_code == 201


def apply(client: httpx.Client, comment: str) -> None:
    client.post(f"{PREFIX}/applications", json={"comment": comment})
    assert wait_for_jobs(client)[0]["state"] == "done"


def get(client: httpx.Client, path: str) -> Any:
    answer = client.get(PREFIX + path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_changes_say_who_changed_what(owner: httpx.Client, as_program: Callable[..., dict[str, str]]) -> None:
    add(owner, "black", client="192.0.2.1")
    adam = as_program("adam", "administrator")
    owner.post(f"{PREFIX}/rows/white", json={"fields": {"client": "192.0.2.2"}}, headers=adam)

    found = get(owner, "/changes")

    assert (found["objects"], dict(found["actors"])) == (2, {"olga/test": 1, "adam/test": 1})
    assert [(one["difference"]["noun"], one["difference"]["what"]) for one in found["items"]] == [
        ("black", "added"), ("white", "added"),
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["/changes?limit=2", "/differences?old=live&new=draft&limit=2"])
def test_a_list_of_changes_goes_on_where_its_link_says(owner: httpx.Client, path: str) -> None:
    for number in range(3):
        add(owner, "black", client=f"192.0.2.{number}")

    first = owner.get(PREFIX + path)
    last = owner.get(first.links["next"]["url"])

    assert [len(answer.json()["items"]) for answer in (first, last)] == [2, 1]
    assert (first.json()["next"] != "", last.json()["next"], last.links) == (True, None, {})


def test_one_change_is_discarded_and_the_others_stay(owner: httpx.Client) -> None:
    add(owner, "black", client="192.0.2.1")
    add(owner, "network", network="10.0.0.0/8")

    owner.delete(f"{PREFIX}/changes/network/10.0.0.0%2F8")

    assert [one["difference"]["noun"] for one in get(owner, "/changes")["items"]] == ["black"]


def test_all_changes_are_discarded_at_once(owner: httpx.Client) -> None:
    add(owner, "black", client="192.0.2.1")

    owner.delete(f"{PREFIX}/changes")

    assert get(owner, "/changes")["objects"] == 0


def test_two_states_are_compared_in_words_and_as_files(owner: httpx.Client, agent: StandIn) -> None:
    add(owner, "relay-domain", domain="example.com")
    apply(owner, "first")
    add(owner, "relay-domain", domain="example.net")

    words = get(owner, "/differences?old=1&new=draft")
    files = get(owner, "/file-differences?old=live&new=draft")

    assert [(one["key"], one["widens"]) for one in words["items"]] == [
        ("example.net", "mail for example.net is accepted")
    ]
    assert any("+example.net" in line for file in files["items"] for line in file["lines"])


def test_a_comparison_that_is_cut_says_so(owner: httpx.Client) -> None:
    for number in range(3):
        add(owner, "black", client=f"192.0.2.{number}")

    found = get(owner, "/differences?limit=2")

    assert (len(found["items"]), found["more"]) == (2, True)


@pytest.mark.parametrize("word", ["", "0", "yesterday", "-1", "draft;live"])
def test_what_is_no_state_is_refused(owner: httpx.Client, word: str) -> None:
    assert owner.get(f"{PREFIX}/differences", params={"old": word}).status_code == 422


def test_who_may_newly_do_what_is_said(owner: httpx.Client, agent: StandIn) -> None:
    add(owner, "relay-domain", domain="example.com")

    assert get(owner, "/widened") == {"known": True, "sentences": ["mail for example.com is accepted"]}


def test_the_history_comes_newest_first_page_by_page(owner: httpx.Client, agent: StandIn) -> None:
    for number in range(3):
        add(owner, "black", client=f"192.0.2.{number}")
        apply(owner, f"number {number}")

    first = owner.get(f"{PREFIX}/revisions?limit=2")
    rest = owner.get(first.links["next"]["url"]).json()

    assert [one["number"] for one in (*first.json()["items"], *rest["items"])] == [3, 2, 1]
    assert (first.json()["in_force"], first.json()["items"][0]["in_force"], rest["next"]) == (3, True, None)


def test_a_revision_fills_the_draft_again(owner: httpx.Client, agent: StandIn) -> None:
    add(owner, "black", client="192.0.2.1")
    apply(owner, "first")
    owner.delete(f"{PREFIX}/rows/black/192.0.2.1", headers=ANY)

    owner.post(f"{PREFIX}/revisions/1/restore")

    assert get(owner, "/rows/black")["total"] == 1


@pytest.mark.parametrize("path", ["/revisions/9", "/revisions/9/report", "/reports/draft"])
def test_what_never_was_is_not_there(owner: httpx.Client, path: str) -> None:
    assert owner.get(PREFIX + path).status_code == 404


def test_the_draft_has_a_report_after_a_rehearsal(owner: httpx.Client, agent: StandIn) -> None:
    add(owner, "black", client="192.0.2.1")
    owner.post(f"{PREFIX}/rehearsals", json={"grade": "full"})
    wait_for_jobs(owner)

    assert get(owner, "/reports/draft")["grade"] == "full"


def test_the_status_has_the_nodes_own_word_or_the_reason(owner: httpx.Client, agent: StandIn) -> None:
    with_agent = get(owner, "/status")

    assert (with_agent["node"]["postfix_version"], with_agent["reason"]) == ("3.7.11", "")
    assert get(owner, "/nodes")[0]["answers"] is True


def test_without_the_agent_the_overview_comes_all_the_same(owner: httpx.Client) -> None:
    found = get(owner, "/overview")

    assert (found["status"]["node"], found["traffic"]) == (None, None)
    assert found["reason"]


def test_the_overview_has_mail_for_who_may_look_after_it_only(
    owner: httpx.Client, agent: StandIn, as_program: Callable[..., dict[str, str]]
) -> None:
    viewers = owner.get(f"{PREFIX}/overview", headers=as_program("vera")).json()

    assert (get(owner, "/overview")["traffic"]["queued"], viewers["traffic"]) == ({"deferred": 1}, None)


def test_drift_is_shown_and_overwritten(owner: httpx.Client, agent: StandIn) -> None:
    item = DriftItem("main.cf", DriftKind.CHANGED, "0" * 64, "1" * 64, "-a\n+b\n")
    agent.answers["drift"] = Drift(RELEASE, 1, (item,))

    shown = get(owner, "/drift")
    owner.post(f"{PREFIX}/drift/overwrite", json={"files": ["main.cf"]})
    unknown = owner.post(f"{PREFIX}/drift/overwrite", json={"files": ["no.cf"]})

    (asked,) = [question for verb, question in agent.asked if verb == "overwrite"]
    assert (shown["items"][0]["diff"], asked.files, unknown.status_code) == ("-a\n+b\n", ("main.cf",), 404)


def test_the_queue_is_listed_with_its_reasons(owner: httpx.Client, agent: StandIn) -> None:
    (message,) = get(owner, "/queue?sender=a@example.org&older_than=60")["items"]

    (asked,) = [question for verb, question in agent.asked if verb == "queue-list"]
    assert (message["id"], message["recipients"][0]["reason"]) == (MESSAGE.id, "timed out")
    assert (asked.sender, asked.older_than) == ("a@example.org", 60)


def test_the_queue_is_listed_by_parts_that_there_are(owner: httpx.Client, agent: StandIn) -> None:
    found = owner.get(f"{PREFIX}/queue?queues=hold&queues=deferred")
    refused = owner.get(f"{PREFIX}/queue?queues=defered")
    act = {"action": "hold", "filter": {"queues": ["defered"]}, "count_only": True}

    (asked,) = [question for verb, question in agent.asked if verb == "queue-list"]
    assert (found.status_code, asked.queues) == (200, ("hold", "deferred"))
    assert (refused.status_code, owner.post(f"{PREFIX}/queue-actions", json=act).status_code) == (422, 422)


def test_a_message_is_read_by_who_may_and_that_is_audited(
    gateway: Gateway, owner: httpx.Client, agent: StandIn, as_program: Callable[..., dict[str, str]]
) -> None:
    refused = owner.get(f"{PREFIX}/queue/4ABC1234", headers=as_program("otto", "operator"))
    read = owner.get(f"{PREFIX}/queue/4ABC1234")

    assert (refused.status_code, read.status_code, "Subject: hello" in read.text) == (403, 200, True)
    assert verbs(gateway).count("queue-view") == 1


def test_an_act_on_the_queue_may_only_count(gateway: Gateway, owner: httpx.Client, agent: StandIn) -> None:
    body = {"action": "delete", "filter": {"sender": "a@example.org"}, "count_only": True}

    answer = owner.post(f"{PREFIX}/queue-actions", json=body)

    assert (answer.json()["count"], [verb for verb in verbs(gateway) if verb.startswith("queue")]) == (1, [])


def test_everything_in_the_queue_is_deleted_on_purpose_only(owner: httpx.Client, agent: StandIn) -> None:
    careless = owner.post(f"{PREFIX}/queue-actions", json={"action": "delete"})
    meant = owner.post(f"{PREFIX}/queue-actions", json={"action": "delete", "everything": True})

    assert (careless.status_code, meant.status_code) == (422, 200)


def test_the_log_and_the_cache_of_recipients_are_read(owner: httpx.Client, agent: StandIn) -> None:
    assert "status=deferred" in get(owner, "/log?lines=5")["lines"][0]
    assert get(owner, "/verified-recipients/a@example.com")["found"] is False


def test_the_audit_is_read_page_by_page_verified_and_exported(gateway: Gateway, owner: httpx.Client) -> None:
    for number in range(3):
        add(owner, "black", client=f"192.0.2.{number}")

    first = owner.get(f"{PREFIX}/audit?limit=2")
    rest = owner.get(first.links["next"]["url"]).json()
    lines = owner.get(f"{PREFIX}/audit/export?number=1").text.splitlines()

    assert [one["number"] for one in (*first.json()["items"], *rest["items"])] == [3, 2, 1]
    assert get(owner, "/audit/verification") == {"holds": True, "number": None, "why": ""}
    assert [json.loads(line)["number"] for line in lines] == [2, 3, 4]
    assert verbs(gateway)[-1] == "export"


def test_a_header_is_tried_on_the_draft_and_on_what_is_live(owner: httpx.Client, agent: StandIn) -> None:
    add(owner, "header-check", pattern="/^Subject: money/", action="REJECT", text="no")

    def answer(question: Any, _talk: Any) -> QueryAnswer:
        return QueryAnswer(question.table, question.key, "REJECT no" if question.digest else None)

    agent.answers["query"] = answer
    body = {"checks": "header-check", "text": "Subject: money\nTo: a@example.com\n\nbody"}
    found = owner.post(f"{PREFIX}/check-trials", json=body).json()

    first = found["lines"][0]
    assert ([one["line"] for one in found["lines"]], found["cut"]) == (["Subject: money", "To: a@example.com"], False)
    assert (first["draft"]["value"], first["live"]["value"], first["rules"]) == ("REJECT no", None, ["1"])


def test_people_are_invited_changed_locked_and_removed(gateway: Gateway, owner: httpx.Client) -> None:
    link = owner.post(f"{PREFIX}/people", json={"name": "nina", "role": "operator", "areas": ["rbl"]})
    shown = owner.get(f"{PREFIX}/people/nina")
    changed = owner.patch(
        f"{PREFIX}/people/nina", json={"title": "Nina"}, headers={"if-match": shown.headers["etag"]}
    ).json()
    owner.post(f"{PREFIX}/people/nina/lock")
    locked = get(owner, "/people/nina")["locked"]
    stale = owner.delete(f"{PREFIX}/people/nina", headers={"if-match": shown.headers["etag"]})
    removed = owner.delete(f"{PREFIX}/people/nina", headers=ANY)

    assert (link.status_code, link.headers["location"]) == (201, f"{PREFIX}/people/nina")
    assert (changed["title"], changed["areas"], locked) == ("Nina", ["rbl"], True)
    assert (stale.status_code, removed.status_code) == (412, 200)
    assert link.json()["address"].rpartition("/")[2] not in audit_text(gateway)


def test_the_location_of_who_was_invited_has_the_name_as_it_is_kept(owner: httpx.Client) -> None:
    made = owner.post(f"{PREFIX}/people", json={"name": " Nina+Ops@Example.com ", "role": "viewer"})

    assert made.headers["location"] == f"{PREFIX}/people/nina%2Bops%40example.com"
    assert owner.get(made.headers["location"]).json()["name"] == "nina+ops@example.com"


def test_nobody_makes_somebody_who_may_more_than_themselves(nobody: httpx.Client, gateway: Gateway) -> None:
    person(gateway, "paul", "viewer", extra=["people"])
    headers = {"authorization": f"Bearer {token_of(gateway, 'paul')}"}

    answer = nobody.post(f"{PREFIX}/people", json={"name": "nina", "role": "owner"}, headers=headers)

    assert (answer.status_code, "person-invite" in verbs(gateway)) == (403, False)


def test_a_token_does_not_remove_its_own_person(owner: httpx.Client) -> None:
    answer = owner.delete(f"{PREFIX}/people/olga", headers=ANY)

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:sealgate:problem:not-permitted")


def test_the_roles_are_told_with_their_rights(owner: httpx.Client) -> None:
    found = get(owner, "/roles")

    assert [one["name"] for one in found["roles"]] == list(Role)
    assert "own" not in found["grantable"]


def test_a_token_makes_no_tokens_and_a_page_does_when_somebody_is_there(
    nobody: httpx.Client, owner: httpx.Client, as_page: Callable[..., dict[str, str]]
) -> None:
    body = {"label": "nightly", "rights": ["view"], "days": 1}
    by_token = owner.post(f"{PREFIX}/me/tokens", json=body)
    del owner.headers["authorization"]
    made = nobody.post(f"{PREFIX}/me/tokens", json=body, headers=as_page("petra"))

    me = nobody.get(f"{PREFIX}/me", headers={"authorization": f"Bearer {made.json()['token']}"}).json()
    assert (by_token.status_code, made.status_code) == (403, 201)
    assert (me["name"], me["rights"]) == ("petra/nightly", ["view"])


def test_sessions_of_oneself_and_of_others_are_listed_and_ended(gateway: Gateway, owner: httpx.Client) -> None:
    person(gateway, "alice")
    signed_in(gateway, "alice")

    (session,) = get(owner, "/people/alice/sessions")
    owner.delete(f"{PREFIX}/people/alice/sessions/{session['id']}")

    assert get(owner, "/people/alice/sessions") == []


def test_the_description_is_served_to_who_may_look(owner: httpx.Client) -> None:
    found = get(owner, "/openapi.json")

    assert (found["openapi"], len(found["paths"]) > 50) == ("3.1.0", True)


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/api/v1/docs", "/api/v1/redoc", "/openapi.json"])
def test_no_page_of_somebody_elses_shows_it(owner: httpx.Client, path: str) -> None:
    assert owner.get(path).status_code == 404
