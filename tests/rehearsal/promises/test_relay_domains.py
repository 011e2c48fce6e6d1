"""Relay domains take mail from strangers, subdomains as the setting says, and routes are those of the pages."""

from __future__ import annotations

import pytest
from tests.rehearsal.subjects import answered, judged, replied, saw, subject

from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling
from sealgate.rehearsal.promises.promise import FOREIGN
from sealgate.rehearsal.promises.relay_domains import RelayDomains, routes
from sealgate.rehearsal.trials import Route

PROMISE = RelayDomains()
SUB = "sub-of-it.example.com"


def about(settings=None, domains=("example.com",), more=None, **rows):
    return subject(
        {"my-hostname": "gw.example.com", **(settings or {})}, {"relay-domain": list(domains), **rows}, **(more or {})
    )


def routed(made, transport, nexthop, recipient=FOREIGN):
    seen = saw(routes={recipient: Route(recipient, transport, nexthop)})
    return judged(PROMISE, made, seen)[f"route of {recipient}"]


def mail(made, code):
    found = judged(PROMISE, made, answered(PROMISE, made, code))
    return {name.removeprefix("mail for "): one for name, one in found.items() if name.startswith("mail")}


def test_a_relay_domain_that_is_refused_fails_with_its_row() -> None:
    found = mail(about(), 554)["example.com"]

    assert (found.ruling, found.blame) == (Ruling.FAILED, Place("relay-domain", "example.com"))


def test_a_relay_domain_that_is_deferred_fails_too() -> None:
    assert mail(about(), 450)["example.com"].ruling is Ruling.FAILED


@pytest.mark.parametrize(("match", "code", "ruling"), [
    (True, 250, Ruling.PASSED), (True, 554, Ruling.FAILED), (False, 250, Ruling.FAILED), (False, 554, Ruling.PASSED),
])  # fmt: skip
def test_a_subdomain_is_taken_as_the_setting_says(match: bool, code: int, ruling: Ruling) -> None:
    assert mail(about({"match-subdomains": match}), code)[SUB].ruling is ruling


@pytest.mark.parametrize(("match", "code"), [(True, 554), (False, 250)])
def test_a_subdomain_without_a_row_is_blamed_on_the_setting(match: bool, code: int) -> None:
    assert mail(about({"match-subdomains": match}), code)[SUB].blame == Place("setting", "match-subdomains")


def test_a_subdomain_that_is_a_relay_domain_itself_is_taken() -> None:
    found = mail(about({"match-subdomains": False}, ["sub-of-it.example.com"]), 250)

    assert found[SUB].ruling is Ruling.PASSED


def test_a_domain_whose_transport_refuses_all_mail_is_not_written_to() -> None:
    made = about(transport=[{"pattern": "example.com", "special": "error:closed"}])

    assert "postmaster@example.com" not in {r for one in PROMISE.plan(made).trials for r in one.recipients}


def test_sessions_have_no_more_recipients_than_are_answered_without_delay() -> None:
    trials = PROMISE.plan(about(None, [f"d{number}.example" for number in range(30)])).trials

    assert max(len(one.recipients) for one in trials) == 8
    assert len({one.client.address for one in trials}) == len(trials)


def test_a_recipient_that_got_no_reply_of_its_own_is_judged_by_what_ended_the_session() -> None:
    made = about()
    seen = saw(replied(PROMISE.plan(made).trials[0].id, ("MAIL FROM:<x>", 550, "550 no"), ("QUIT", 221, "bye")))

    assert judged(PROMISE, made, seen)["mail for example.com"].came == "MAIL FROM:<x> → 550 no"


def test_a_session_without_an_answer_is_not_judged() -> None:
    made = about()
    seen = saw(replied(PROMISE.plan(made).trials[0].id, ("(connect)", 0, "no reply")))

    assert judged(PROMISE, made, seen)["mail for example.com"].ruling is Ruling.NOT_JUDGED


def test_a_route_as_the_pages_say_passes() -> None:
    assert routed(about(), "smtp", "not-ours.example").ruling is Ruling.PASSED


@pytest.mark.parametrize(
    ("transport", "nexthop"), [("smtp", "[not-ours.example]"), ("relay", "not-ours.example"), ("", "")]
)
def test_another_transport_or_next_hop_fails(transport: str, nexthop: str) -> None:
    found = routed(about(), transport, nexthop)

    assert (found.ruling, found.came) == (Ruling.FAILED, f"the route is {transport}:{nexthop}")


def test_a_wrong_route_is_blamed_on_the_relay_host() -> None:
    found = routed(about({"external-relay-host": "smart.example.net"}), "smtp", "not-ours.example")

    assert found.blame == Place("setting", "external-relay-host")


def test_a_wrong_route_of_a_transport_is_blamed_on_its_row() -> None:
    made = about(transport=[{"pattern": "x.example", "host": "h.example.net"}])

    assert routed(made, "smtp", "x.example", "someone@x.example").blame == Place("transport", "x.example")


def test_of_a_special_transport_only_the_service_is_compared() -> None:
    made = about(transport=[{"pattern": "x.example", "special": "discard:"}])

    assert routed(made, "discard", "anything", "someone@x.example").ruling is Ruling.PASSED


def test_a_transport_for_subdomains_is_tried_at_one() -> None:
    made = about(transport=[{"pattern": ".x.example", "host": "h.example.net"}])

    assert "someone@sub.x.example" in PROMISE.plan(made).routes


def test_a_transport_for_everything_is_tried_at_the_rest_of_the_world() -> None:
    found = routes(about(transport=[{"pattern": "*", "host": "h.example.net"}]))

    assert next(one for one in found if one.recipient == FOREIGN).server == "h.example.net"


def test_mail_to_the_gateway_itself_is_not_routed_elsewhere() -> None:
    made = about(
        more={"read": {"myhostname": "gw.example.com"}},
        transport=[{"pattern": "gw.example.com", "host": "h.example.net"}],
    )

    assert "someone@gw.example.com" not in PROMISE.plan(made).routes


def test_an_own_line_about_routes_excuses_another_route() -> None:
    made = about(None, more={"main_cf": "relayhost = [own.example.net]\n"})

    assert routed(made, "smtp", "[own.example.net]").ruling is Ruling.NOT_JUDGED


def test_a_route_that_was_not_asked_for_is_not_judged() -> None:
    assert judged(PROMISE, about(), saw())[f"route of {FOREIGN}"].ruling is Ruling.NOT_JUDGED
