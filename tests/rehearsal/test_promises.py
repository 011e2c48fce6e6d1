"""Promises as data: what they plan, and what they make of what was seen; no Postfix runs here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.rehearsal.subjects import PUBLIC, replied, saw, subject

from sealgate.link.messages import Grade, Override, Report
from sealgate.model.errors import InvalidValue, Refused
from sealgate.model.findings import Place, error
from sealgate.model.verdicts import Ruling, Verdict
from sealgate.node.reports import overridden
from sealgate.rehearsal.access_keys import claims, zones
from sealgate.rehearsal.promises import EVERY, due
from sealgate.rehearsal.promises.dns_names import answer_for, domain_listed_in, listed_in
from sealgate.rehearsal.promises.passing import NoLoops
from sealgate.rehearsal.promises.promise import merge
from sealgate.rehearsal.promises.relay_domains import RelayDomains
from sealgate.rehearsal.promises.smuggling import Smuggling
from sealgate.rehearsal.promises.strangers import Strangers
from sealgate.rehearsal.promises.trusted import Trusted
from sealgate.rehearsal.rehearsing import with_tls
from sealgate.rehearsal.trials import Arrival, Client, Internet, Plan, Route, Server, Trial
from sealgate.rehearsal.verdicts import findings_of_failures

ROWS = {"relay-domain": ["example.com"], "network": ["10.0.0.0/24"]}


def verdicts(promise, about, seen):
    return list(promise.judge(about, seen))


def answered(promise, about, code, text="x"):
    """Return what a run shows in which every recipient got the same reply."""
    trials = promise.plan(about).trials
    return saw(*(replied(t.id, *((f"RCPT TO:<{r}>", code, f"{code} {text}") for r in t.recipients)) for t in trials))


@pytest.mark.parametrize("promise", EVERY, ids=lambda one: one.name)
def test_a_promise_judges_nothing_as_failed_that_was_not_tried(promise) -> None:
    assert [v for v in verdicts(promise, subject(None, ROWS), saw()) if v.ruling is Ruling.FAILED] == []


@pytest.mark.parametrize("promise", EVERY, ids=lambda one: one.name)
def test_planning_twice_gives_the_same(promise) -> None:
    assert promise.plan(subject(None, ROWS)) == promise.plan(subject(None, ROWS))


@pytest.mark.parametrize("promise", EVERY, ids=lambda one: one.name)
def test_a_verdict_has_the_name_of_its_promise_and_words_of_its_own(promise) -> None:
    found = verdicts(promise, subject(None, ROWS), answered(promise, subject(None, ROWS), 250, "2.1.5 Ok"))

    assert {one.promise for one in found} <= {promise.name}
    assert len({one.test for one in found}) == len(found)


def test_all_plans_merge_without_a_collision() -> None:
    plan = merge(promise.plan(subject(None, ROWS)) for promise in EVERY)

    assert len({trial.id for trial in plan.trials}) == len(plan.trials) > 50


def test_a_probe_leaves_out_what_needs_deliveries() -> None:
    assert {one.grade for one in due(Grade.PROBE)} == {Grade.PROBE}
    assert due(Grade.FULL) == EVERY


def test_a_probe_tries_fewer_rows_than_a_full_rehearsal() -> None:
    rows = {"relay-domain": [f"d{number}.example" for number in range(100)]}
    few, many = (subject(None, rows, grade=grade).relay_domains for grade in (Grade.PROBE, Grade.FULL))

    assert len(few) < len(many) < 100


def test_rows_that_changed_are_tried_first() -> None:
    rows = {"relay-domain": [f"d{number}.example" for number in range(100)]}
    about = replace(subject(None, rows), changed={"relay-domain": frozenset({"d77.example"})})

    assert about.relay_domains[0] == "d77.example"


def test_a_stranger_that_is_let_in_fails_with_the_parameter() -> None:
    about = subject(None, ROWS, main_cf="mynetworks = 0.0.0.0/0\n", read={"mynetworks": "0.0.0.0/0"})
    found = verdicts(Strangers(), about, answered(Strangers(), about, 250, "2.1.5 Ok"))

    assert {one.ruling for one in found} == {Ruling.FAILED}
    assert any(one.blame == Place("own-lines", "main-cf", "mynetworks", 1, "main.cf") for one in found)


def test_a_stranger_that_is_refused_passes() -> None:
    about = subject(None, ROWS)

    assert {one.ruling for one in verdicts(Strangers(), about, answered(Strangers(), about, 554))} == {Ruling.PASSED}


def test_no_own_line_excuses_a_stranger() -> None:
    about = subject(None, ROWS, main_cf="smtpd_relay_restrictions = permit\nmynetworks = 10.0.0.0/8\n")
    found = verdicts(Strangers(), about, answered(Strangers(), about, 250, "2.1.5 Ok"))

    assert Ruling.NOT_JUDGED not in {one.ruling for one in found}


def test_a_relay_domain_that_a_table_opens_is_blamed_on_it() -> None:
    about = subject(None, ROWS, main_cf="relay_domains = static:all\n", read={"relay_domains": "static:all"})
    recipient = "someone@not-ours.example"
    seen = replace(
        answered(Strangers(), about, 250, "2.1.5 Ok"), routes={recipient: Route(recipient, "relay", "x", ("relay",))}
    )

    assert any(one.blame.field == "relay_domains" for one in verdicts(Strangers(), about, seen))


def test_an_own_listener_is_tried_and_one_on_loopback_is_not() -> None:
    own = replace(PUBLIC[0], service="2526/inet", port=2526)
    inner = replace(PUBLIC[0], service="127.0.0.1:2527/inet", port=2527, wildcard=False)
    about = subject(None, ROWS, listeners=(own, inner), master_cf="2526 inet n - n - - smtpd\n")

    assert {trial.port for trial in Strangers().plan(about).trials} == {2526}


def test_wildcard_listeners_are_tried_at_an_address_of_the_gateway() -> None:
    assert {t.host for t in Strangers().plan(subject(None, ROWS)).trials} == {"192.0.2.1", "2001:db8::1"}


def test_trusted_clients_that_are_refused_fail_and_neighbours_that_are_let_too() -> None:
    about = subject(None, ROWS)
    refused, let = (verdicts(Trusted(), about, answered(Trusted(), about, code)) for code in (554, 250))

    assert {one.test.split()[0] for one in refused if one.ruling is Ruling.FAILED} == {"10.0.0.0", "10.0.0.255"}
    assert {one.test.split()[0] for one in let if one.ruling is Ruling.FAILED} == {"9.255.255.255", "10.0.1.0"}


def test_an_own_line_about_clients_excuses_what_the_page_says() -> None:
    about = subject(None, ROWS, main_cf="mynetworks = 127.0.0.0/8\n")
    found = verdicts(Trusted(), about, answered(Trusted(), about, 554))
    excused = [one for one in found if one.ruling is Ruling.NOT_JUDGED]

    assert not [one for one in found if one.ruling is Ruling.FAILED]
    assert {one.blame.key for one in excused} == {"main-cf"}
    assert all("mynetworks" in one.came for one in excused)


def test_an_option_of_an_own_listener_excuses_nothing_elsewhere() -> None:
    master = "2526 inet n - n - - smtpd\n    -o mynetworks=127.0.0.0/8\n"

    assert subject(None, ROWS, master_cf=master).touched("mynetworks") == ""


def test_an_option_of_an_own_service_inside_does() -> None:
    master = "cleanup unix n - n - 0 cleanup\n    -o header_checks=\n"

    assert subject(None, ROWS, master_cf=master).touched("header_checks") == "header_checks"


def test_another_route_than_the_pages_say_fails() -> None:
    about = subject(None, ROWS)
    wrong = {one: Route(one, "smtp", "[evil.example]") for one in RelayDomains().plan(about).routes}
    found = [one for one in verdicts(RelayDomains(), about, saw(routes=wrong)) if one.test.startswith("route")]

    assert {one.ruling for one in found} == {Ruling.FAILED}


def test_two_messages_for_one_are_smuggling() -> None:
    about = subject(None, ROWS)
    trials = Smuggling().plan(about).trials
    seen = saw(*(replied(t.id, ("(message)", 250, "queued as A"), ("QUIT", 250, "queued as B")) for t in trials))

    assert {one.ruling for one in verdicts(Smuggling(), about, seen)} == {Ruling.FAILED}


def test_a_smuggled_message_that_arrives_is_noticed() -> None:
    about = subject(None, ROWS)
    trial = Smuggling().plan(about).trials[0]
    arrival = Arrival(f"{trial.id}-in", "mx", "192.0.2.9", 25, "", "", "", "", "", "", (), "", 0, "")
    found = verdicts(Smuggling(), about, saw(replied(trial.id, ("(message)", 250, "ok")), arrivals=(arrival,)))

    assert found[0].ruling is Ruling.FAILED


def test_a_bounce_for_a_refused_message_is_backscatter() -> None:
    refused = replied("x-1", ("RCPT TO:<a@b>", 554, "554 5.7.1 no"))
    bounce = Arrival(
        "x-1", "mx.sender.example", "192.0.2.9", 25, "", "", "", "", "", "", ("probe@sender.example",),
        "Content-Type: multipart/report", 0, "",
    )  # fmt: skip
    found = {one.test: one for one in verdicts(NoLoops(), subject(), saw(refused, arrivals=(bounce,)))}

    assert found["no backscatter"].ruling is Ruling.FAILED
    assert found["no loop"].ruling is Ruling.PASSED


@pytest.mark.parametrize("line", ["554 5.4.6 Mail loop: x", "too many hops", "mail for a.example loops back to myself"])
def test_a_loop_is_read_from_the_log(line: str) -> None:
    found = {one.test: one for one in verdicts(NoLoops(), subject(), saw(log=(f"gw smtp[1]: {line}",)))}

    assert found["no loop"].ruling is Ruling.FAILED


def test_clients_use_tls_where_a_listener_serves_nobody_without() -> None:
    about = subject(overrides={"smtp/inet": {"smtpd_tls_security_level": "encrypt"}})
    plain, proxied = Client("192.0.2.9"), Client("192.0.2.9", opening="PROXY x\r\n")
    trials = tuple(Trial(str(n), "h", 25, client, "", ()) for n, client in enumerate((plain, proxied)))

    assert [one.client.tls for one in with_tls(about, Plan(trials)).trials] == [True, False]


def test_plans_with_one_id_for_two_trials_do_not_merge() -> None:
    trials = [Trial("same", "h", port, Client("192.0.2.9"), "", ()) for port in (25, 26)]

    with pytest.raises(ValueError, match="same"):
        merge(Plan((one,)) for one in trials)


def test_servers_of_two_plans_are_one_server_with_both_manners() -> None:
    one = Internet(servers={"mx.example": Server(logins=True)})
    other = Internet(servers={"mx.example": Server(replies={"a@example": "550 no"})})
    found = merge((Plan(internet=one), Plan(internet=other))).internet.servers["mx.example"]

    assert found == Server(logins=True, replies={"a@example": "550 no"})


@pytest.mark.parametrize(
    ("query", "name", "answer"),
    [
        ("zen.example", "9.2.0.192.zen.example", "127.0.0.2"),
        ("z.example=127.0.0.[4..9;11]", "9.2.0.192.z.example", "127.0.0.4"),
    ],
)
def test_a_client_is_listed_by_its_reversed_address(query: str, name: str, answer: str) -> None:
    assert listed_in(query, "192.0.2.9")[name]["A"] == (answer,)


def test_an_ipv6_client_is_listed_by_nibbles() -> None:
    assert next(iter(listed_in("z.example", "2001:db8::1"))).startswith("1.0.0.0.0.0.0.0.")


def test_a_domain_is_listed_as_it_stands() -> None:
    assert list(domain_listed_in("dbl.example", "bad.example")) == ["bad.example.dbl.example"]


@pytest.mark.parametrize(("answers", "one"), [("", "127.0.0.2"), ("127.0.[1;3].7", "127.0.1.7")])
def test_an_answer_is_one_that_counts(answers: str, one: str) -> None:
    assert answer_for(answers) == one


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ("check_sender_access inline:{{a.example = OK} {b@c.example = REJECT}}", ["a.example", "b@c.example"]),
        ("check_helo_access inline:{{friend.example = OK}}, permit", ["friend.example"]),
        ("check_sender_access static:OK", [""]),
        ("reject_unauth_destination", []),
    ],
)
def test_keys_of_access_tables_are_found(value: str, kinds: list[str]) -> None:
    assert [one.key for one in claims(subject(read={"smtpd_relay_restrictions": value}))] == kinds


def test_keys_of_named_tables_are_found_by_their_file() -> None:
    read = {"smtpd_sender_restrictions": "check_sender_access hash:/conf/maps.d/hash-s.map"}
    about = subject(read=read, tables={"hash:s": "# no\npartner.example OK\n"})

    assert [(one.kind, one.key, one.result) for one in claims(about)] == [("sender", "partner.example", "OK")]


def test_an_example_stands_for_a_pattern() -> None:
    read = {"smtpd_sender_restrictions": "check_sender_access pcre:/conf/maps.d/pcre-s.map"}
    about = subject(read=read, tables={"pcre:s": "/@partner[.]example$/ OK\n"})

    assert [one.key for one in claims(about)] == ["@partner.example"]


def test_zones_of_a_restriction_are_found() -> None:
    read = {"smtpd_client_restrictions": "permit_dnswl_client list.example=127.0.0.1, reject"}

    assert zones(subject(read=read), "permit_dnswl_client") == ("list.example=127.0.0.1",)


# -- findings and overrides


def failure(test: str, promise: str = "dns-lists", blame: Place | None = None) -> Verdict:
    return Verdict(promise, test, Ruling.FAILED, "tried", "expected", "came", (), blame or Place("rbl", "zone"))


def report(*found: Verdict, more=()) -> Report:
    findings = (*findings_of_failures(found), *more)
    return Report(
        "d" * 64, "r" * 16, Grade.FULL, passed=not findings, findings=tuple(one.to_json() for one in findings),
        seconds=0.0, verdicts=tuple(one.to_json() for one in found),
    )  # fmt: skip


def test_failures_with_one_cause_are_one_finding_that_counts() -> None:
    found = findings_of_failures([failure("one"), failure("two"), failure("three")])

    assert len(found) == 1
    assert "2 more tests fail likewise" in found[0].why


def test_failures_with_two_causes_are_two_findings() -> None:
    assert len(findings_of_failures([failure("one"), failure("two", blame=Place("rbl", "other"))])) == 2


def test_what_is_summed_up_makes_no_finding() -> None:
    assert findings_of_failures([failure("every table", "tables-answer")]) == ()


def test_an_overridden_failure_leaves_the_others() -> None:
    found = overridden(report(failure("one"), failure("two")), (Override("one", "known"),))

    assert not found.passed
    assert [one["what"] for one in found.findings] == ["two: came"]


def test_a_finding_that_is_no_test_stays() -> None:
    other = error("table-broken", Place(file="main.cf"), "a table is broken")
    found = overridden(report(failure("one"), more=(other,)), (Override("one", "known"),))

    assert [one["code"] for one in found.findings] == ["table-broken"]
    assert not found.passed


@pytest.mark.parametrize("promise", ["strangers-cannot-relay", "starts-and-answers"])
def test_two_promises_are_never_overridden(promise: str) -> None:
    with pytest.raises(Refused, match="cannot be overridden"):
        overridden(report(failure("by any form", promise)), (Override("by any form", "we like it"),))


def test_no_override_leaves_a_report_as_it_is() -> None:
    whole = report(failure("one"))

    assert overridden(whole, ()) is whole


@pytest.mark.parametrize("reason", ["", " ", "x" * 5000])
def test_a_reason_is_a_sentence(reason: str) -> None:
    with pytest.raises(InvalidValue):
        overridden(report(failure("one")), (Override("one", reason),))
