"""Who is trusted by the pages is tried at the edges, and what came is compared with what the pages say."""

from __future__ import annotations

import ipaddress

import pytest
from tests.rehearsal.subjects import PUBLIC, answered, judged, replied, saw, subject

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling
from sealgate.rehearsal.promises.promise import FOREIGN, SENDER
from sealgate.rehearsal.promises.trusted import Trusted, edges

PROMISE = Trusted()
OWN = "someone@example.com"


def about(settings=None, more=None, **rows):
    return subject(settings, {"relay-domain": ["example.com"], **rows}, **(more or {}))


def expectations(made):
    """Return what is expected of each client and sender: whether it may."""
    found = judged(PROMISE, made, saw()).values()
    return {one.test: one.expected == "it is accepted" for one in found}


def failed(made, code):
    found = judged(PROMISE, made, answered(PROMISE, made, code)).values()
    return {one.test: one for one in found if one.ruling is Ruling.FAILED}


def provider(senders, *networks, name="cloud"):
    return {"name": name, "networks": list(networks or ("40.92.0.0/24",)), "senders": senders}


def test_an_address_that_another_network_trusts_is_no_stranger_beside_the_first() -> None:
    found = expectations(about(network=["10.0.0.0/24", "10.0.1.0/24"]))

    assert found[f"10.0.1.0 as {SENDER}"]
    assert not found[f"10.0.2.0 as {SENDER}"]


def test_an_address_is_tried_once_though_two_networks_name_it() -> None:
    trials = PROMISE.plan(about(network=["10.0.0.0/24", "10.0.1.0/24"])).trials

    assert len({one.client.address for one in trials}) == len(trials)


def test_an_excluded_address_may_not_though_its_network_may() -> None:
    found = expectations(about(network=["!10.0.0.0", "10.0.0.0/24"]))

    assert not found[f"10.0.0.0 as {SENDER}"]
    assert found[f"10.0.0.255 as {SENDER}"]


def test_a_black_listed_address_may_not_even_from_my_networks() -> None:
    made = about(network=["10.0.0.0/24"], black=["10.0.0.255"])

    assert not expectations(made)[f"10.0.0.255 as {SENDER}"]
    assert failed(made, 250)[f"10.0.0.255 as {SENDER}"].blame == Place("black", "10.0.0.255")


def test_a_white_listed_address_is_trusted_though_the_black_list_has_it() -> None:
    assert expectations(about(network=["10.0.0.0/24"], black=["10.0.0.255"], white=["10.0.0.255"]))[
        f"10.0.0.255 as {SENDER}"
    ]


def test_the_white_list_alone_lets_nobody_relay() -> None:
    assert not expectations(about(network=["10.0.0.0/24"], white=["10.0.1.0"]))[f"10.0.1.0 as {SENDER}"]


@pytest.mark.parametrize(
    ("senders", "may"), [("own", [True, False, False]), ("own-and-null", [True, False, True]), ("any", [True] * 3)]
)
def test_a_provider_may_send_for_the_senders_of_its_row(senders: str, may: list[bool]) -> None:
    found = expectations(about(provider=[provider(senders)]))

    assert [found[f"40.92.0.0 as {one or '<>'}"] for one in (OWN, SENDER, "")] == may


def test_the_address_behind_a_provider_may_send_as_nobody() -> None:
    found = expectations(about(provider=[provider("any")]))

    assert [found[f"40.92.1.0 as {one}"] for one in (OWN, SENDER)] == [False, False]


def test_my_networks_are_not_bound_to_the_senders_of_a_provider() -> None:
    assert expectations(about(network=["40.92.0.0/24"], provider=[provider("own")]))[f"40.92.0.0 as {SENDER}"]


def test_the_first_provider_that_has_an_address_decides() -> None:
    both = [provider("own", name="first"), provider("any", "40.92.0.0/16", name="second")]

    assert not expectations(about(provider=both))[f"40.92.0.0 as {SENDER}"]


def test_without_a_relay_domain_no_sender_is_our_own() -> None:
    made = subject(None, {"provider": [provider("own")]})

    assert {one.sender for one in PROMISE.plan(made).trials} == {SENDER, ""}


def test_a_provider_with_many_ranges_is_tried_by_few_in_a_probe() -> None:
    networks = [f"40.{number}.0.0/24" for number in range(50)]
    few, many = (
        len(PROMISE.plan(about(None, {"grade": grade}, provider=[provider("own", *networks)])).trials)
        for grade in (Grade.PROBE, Grade.FULL)
    )

    assert few * 4 < many < 50 * 9


def test_a_refused_provider_is_blamed_on_its_row() -> None:
    found = failed(about(provider=[provider("any")]), 554)

    assert {one.blame for one in found.values()} == {Place("provider", "cloud")}


def test_a_neighbour_that_is_let_is_blamed_on_the_network() -> None:
    assert failed(about(network=["10.0.0.0/24"]), 250)[f"10.0.1.0 as {SENDER}"].blame == Place("network", "10.0.0.0/24")


def test_a_failure_says_what_came() -> None:
    assert failed(about(network=["10.0.0.0/24"]), 450)[f"10.0.0.0 as {SENDER}"].came == f"RCPT TO:<{FOREIGN}> → 450 x"


def test_a_session_that_ended_before_the_recipient_counts_as_what_ended_it() -> None:
    made = about(network=["10.0.0.7"])
    trial = PROMISE.plan(made).trials[0]
    found = judged(PROMISE, made, saw(replied(trial.id, ("MAIL FROM:<x>", 550, "550 5.7.1 no"), ("QUIT", 221, "bye"))))

    assert found[f"10.0.0.7 as {SENDER}"].ruling is Ruling.FAILED


def test_where_no_connection_was_made_nothing_is_judged() -> None:
    made = about(network=["10.0.0.7"])
    seen = saw(*(replied(one.id, ("(connect)", 0, "Connection refused")) for one in PROMISE.plan(made).trials))

    assert {one.ruling for one in judged(PROMISE, made, seen).values()} == {Ruling.NOT_JUDGED}


def test_mail_to_nowhere_tells_nothing_of_who_may() -> None:
    made = about(network=["10.0.0.0/24"], transport=[{"pattern": "*", "special": "error:closed"}])

    assert PROMISE.plan(made).trials == ()


def test_a_family_without_a_listener_is_not_tried() -> None:
    made = about(None, {"listeners": PUBLIC[:1]}, network=["10.0.0.0/24", "2001:db8:1::/48"])

    assert {ipaddress.ip_address(one.client.address).version for one in PROMISE.plan(made).trials} == {4}


def test_loopback_is_nobody_from_outside() -> None:
    assert PROMISE.plan(about(network=["127.0.0.0/8"])).trials[0].client.address == "126.255.255.255"


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0"])
def test_nothing_is_beside_the_whole_address_space(network: str) -> None:
    assert len(list(edges(ipaddress.ip_network(network)))) == 2


def test_a_single_address_has_one_inside_and_two_beside() -> None:
    assert list(map(str, edges(ipaddress.ip_network("10.0.0.7/32")))) == ["10.0.0.7", "10.0.0.6", "10.0.0.8"]
