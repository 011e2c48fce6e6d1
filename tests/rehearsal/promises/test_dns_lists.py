"""DNS lists: who is listed is refused, nobody else is, and silence refuses nobody."""

from __future__ import annotations

import pytest
from tests.rehearsal.subjects import answered, judged, replied, saw, subject

from sealgate.model.verdicts import Ruling
from sealgate.rehearsal.promises.dns_lists import DnsLists

PROMISE = DnsLists()
ZEN = {"zone": "zen.example.net"}
WHITE = {"zone": "white.example.net", "kind": "white"}


def about(*rbl, rows=None, **more):
    return subject(None, {"relay-domain": ["example.com"], "rbl": list(rbl), **(rows or {})}, **more)


def verdicts(made, code):
    return judged(PROMISE, made, answered(PROMISE, made, code))


def expected(made):
    return {name: one.expected == "it is refused" for name, one in judged(PROMISE, made, saw()).items()}


def failed(made, code):
    return {name for name, one in verdicts(made, code).items() if one.ruling is Ruling.FAILED}


LISTED = "a client that zen.example.net lists"
SILENT = "a client while zen.example.net is silent"
NOBODY = "a client on no list"


def test_a_list_has_a_listed_client_one_on_no_list_and_one_while_it_is_silent() -> None:
    assert expected(about(ZEN)) == {NOBODY: False, LISTED: True, SILENT: False}


def test_when_all_are_refused_those_on_no_list_fail() -> None:
    assert failed(about(ZEN), 554) == {NOBODY, SILENT}


def test_when_nobody_is_refused_the_listed_fail() -> None:
    assert failed(about(ZEN), 250) == {LISTED}


def test_a_deferral_neither_refuses_nor_accepts() -> None:
    assert failed(about(ZEN), 450) == {NOBODY, SILENT, LISTED}


def test_no_answer_is_not_judged() -> None:
    made = about(ZEN)
    seen = saw(*(replied(one.id, ("(connect)", 0, "no reply")) for one in PROMISE.plan(made).trials))

    assert {one.ruling for one in judged(PROMISE, made, seen).values()} == {Ruling.NOT_JUDGED}


def test_a_failure_is_blamed_on_the_row_of_the_list() -> None:
    found = verdicts(about(ZEN), 250)[LISTED]

    assert (found.blame.noun, "zen.example.net" in found.blame.key) == ("rbl", True)


def test_postmaster_is_not_asked_for() -> None:
    assert {one.recipients for one in PROMISE.plan(about(ZEN)).trials} == {("someone@example.com",)}


def test_an_answer_that_the_row_lets_count_is_given() -> None:
    records = PROMISE.plan(about(ZEN | {"answers": "127.0.0.[4..9]"})).internet.records

    assert {one["A"] for one in records.values()} == {("127.0.0.4",)}


def test_the_zone_is_empty_but_for_whom_it_lists() -> None:
    assert PROMISE.plan(about(ZEN)).internet.empty_zones == ("zen.example.net",)


def test_the_silent_name_is_that_of_the_client_that_is_asked_for() -> None:
    plan = PROMISE.plan(about(ZEN))
    client = next(one.client.address for one in plan.trials if one.id == "rbl-silent")

    assert plan.internet.silent == (".".join(reversed(client.split("."))) + ".zen.example.net",)


@pytest.mark.parametrize(("kind", "said"), [("sender", "sender"), ("helo", "helo")])
def test_a_list_of_domains_has_a_domain_of_its_own(kind: str, said: str) -> None:
    plan = PROMISE.plan(about({"zone": "dbl.example.net", "kind": kind}))
    (trial,) = (one for one in plan.trials if one.id == "rbl-1")
    domain = trial.sender.rpartition("@")[2] if said == "sender" else trial.client.helo

    assert list(plan.internet.records) == [f"{domain}.dbl.example.net"]


def test_a_list_of_senders_does_not_list_the_client() -> None:
    assert SILENT not in expected(about({"zone": "zen.example.net", "kind": "sender"}))


def test_only_the_first_list_is_tried_while_silent() -> None:
    found = expected(about(ZEN, {"zone": "two.example.net"}))

    assert [name for name in found if "silent" in name] == [SILENT]


def test_each_list_has_a_client_of_its_own() -> None:
    trials = PROMISE.plan(about(*({"zone": f"l{n}.example.net"} for n in range(20)))).trials

    assert len({one.client.address for one in trials}) == len(trials)


EXCUSED = "a listed client that is in "


def test_a_listed_client_in_the_white_list_may_connect() -> None:
    assert expected(about(ZEN, rows={"white": ["192.0.2.7"]}))[f"{EXCUSED}the white list"] is False


def test_a_listed_client_in_my_networks_may_connect() -> None:
    assert expected(about(ZEN, rows={"network": ["10.0.0.0/24"]}))[f"{EXCUSED}My networks"] is False


@pytest.mark.parametrize(
    "rows", [{"network": ["!10.0.0.0/24", "10.0.0.0/8"]}, {"network": ["10.0.0.0/24"], "black": ["10.0.0.0"]}]
)
def test_a_client_that_is_excluded_or_black_listed_is_not_excused(rows) -> None:
    assert f"{EXCUSED}My networks" not in expected(about(ZEN, rows=rows))


def test_a_white_listed_client_is_in_every_list_of_clients() -> None:
    made = about(ZEN, {"zone": "two.example.net"}, rows={"white": ["192.0.2.7"]})

    assert {"7.2.0.192.zen.example.net", "7.2.0.192.two.example.net"} <= set(PROMISE.plan(made).internet.records)


DNSWL = "a client that white.example.net has, a DNS white list before the others"


def test_a_dns_white_list_before_the_others_lets_in() -> None:
    assert expected(about(WHITE, ZEN))[DNSWL] is False


def test_a_dns_white_list_behind_the_others_lets_nobody_in() -> None:
    assert DNSWL not in expected(about(ZEN, WHITE))


def test_a_dns_white_list_alone_has_nothing_to_excuse() -> None:
    assert expected(about(WHITE)) == {NOBODY: False}


@pytest.mark.parametrize(
    "rows", [{"relay-domain": []}, {"transport": [{"pattern": "example.com", "special": "error:x"}]}]
)
def test_where_no_mail_is_taken_no_list_can_be_told(rows) -> None:
    assert PROMISE.plan(about(ZEN, rows=rows)).trials == ()


def test_without_lists_nothing_is_tried() -> None:
    assert PROMISE.plan(about()).trials == ()


def test_a_list_that_is_off_is_not_tried() -> None:
    assert PROMISE.plan(about(ZEN | {"_enabled": False})).trials == ()


def test_an_own_line_about_restrictions_excuses_a_listed_client() -> None:
    made = about(ZEN, main_cf="smtpd_client_restrictions = permit\n")

    assert verdicts(made, 250)[LISTED].ruling is Ruling.NOT_JUDGED
