"""Who can newly relay or be reached is found by running both releases, and said in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.ports import lease_port
from tests.support.states import state
from tests.support.two_releases import two_releases

from sealgate.rehearsal.widened import widened
from sealgate.rehearsal.widening import question
from sealgate.render import Endpoint

if TYPE_CHECKING:
    from sealgate.model.desired import DesiredState

SETTINGS = {
    "my-hostname": "gw.example.com",
    "internal-relay-host": "mail.inside.example",
    "external-relay-host": "smart.example.net",
}
OPEN = "check_client_access static:OK,reject_unauth_destination"
ROWS: dict[str, Any] = {
    "relay-domain": ["relay.example"],
    "network": ["10.0.0.0/16"],
    "black": [{"client": "198.51.100.0/24", "reason": "enough"}],
    "rbl": [{"zone": "zen.example.net"}, {"zone": "dbl.example.net", "kind": "sender"}],
}


def made(
    settings: dict[str, Any] | None = None, *, main_cf: str = "", master_cf: str = "", **rows: Any
) -> DesiredState:
    return state(SETTINGS | (settings or {}), ROWS | rows, main_cf=main_cf, master_cf=master_cf)


def domains(*names: str) -> dict[str, Any]:
    return {"relay-domain": list(names)}


def told(candidate: DesiredState, live: DesiredState | None = None, **facts: Any) -> list[str]:
    port = lease_port()
    both = (Endpoint("127.0.0.1", port), Endpoint("::1", port))
    with two_releases(live or made(), candidate, smtp_listeners=both, **facts) as pair:
        return list(widened(pair.judge, pair.live, pair.candidate))


def test_a_candidate_that_opens_nothing_says_nothing() -> None:
    assert told(made(transport=[{"pattern": "relay.example", "host": "new.example.net"}])) == []


def test_closing_something_says_nothing() -> None:
    assert told(made(network=[], black=[*ROWS["black"], "203.0.113.0/24"])) == []


def test_a_new_network_may_newly_send_mail_to_any_domain() -> None:
    assert told(made(network=["10.0.0.0/16", "10.9.0.0/24"])) == [
        "Clients 10.9.0.0/24 may newly send mail to any domain."
    ]


def test_networks_side_by_side_are_one_network() -> None:
    assert told(made(network=["10.0.0.0/16", "10.9.0.0/24", "10.9.1.0/24", "2001:db8:5::/48"])) == [
        "Clients 10.9.0.0/23 and 2001:db8:5::/48 may newly send mail to any domain."
    ]


def test_an_exception_that_is_gone_lets_in_whom_it_kept_out() -> None:
    live = made(network=["!10.0.5.1", "10.0.0.0/16"])

    assert told(made(), live) == ["The client 10.0.5.1 may newly send mail to any domain."]


def test_a_network_without_the_part_that_is_excluded_is_said_exactly() -> None:
    (words,) = told(made(network=["10.0.0.0/16", "!10.9.0.128/25", "10.9.0.0/24"]))

    assert words == "Clients 10.9.0.0/25 may newly send mail to any domain."


def test_an_own_line_that_opens_the_relay_is_found_whatever_it_is() -> None:
    (words,) = told(made(main_cf=f"smtpd_relay_restrictions = {OPEN}\nsmtpd_recipient_restrictions = {OPEN}\n"))

    assert words == "Everybody may newly send mail to any domain."


def test_an_own_mynetworks_line_of_all_ipv4_is_everybody_of_that_family() -> None:
    (words,) = told(made(main_cf="mynetworks = 0.0.0.0/0\n"))

    assert words == "Everybody with an IPv4 address may newly send mail to any domain."


def test_a_new_relay_domain_is_newly_accepted_from_everybody() -> None:
    assert told(made(**domains("relay.example", "new.example"))) == [
        "Mail for new.example is newly accepted from everybody."
    ]


def test_of_many_new_relay_domains_some_are_tried_and_the_rest_is_counted() -> None:
    many = [f"d{number}.example" for number in range(40)]

    (words,) = told(made(**domains("relay.example", *many)))

    assert words.endswith("from everybody (and for 35 more domains, of which none was tried).")


def test_subdomains_that_newly_count_are_found() -> None:
    assert told(made({"match-subdomains": True})) == ["Mail for sub.relay.example is newly accepted from everybody."]


def test_a_provider_may_send_as_us_only() -> None:
    cloud = [{"name": "cloud", "networks": ["40.92.0.0/15"]}]

    assert told(made(provider=cloud)) == [
        "Clients 40.92.0.0/15 may newly send mail to any domain with a sender of our own domains."
    ]


def test_a_provider_whose_senders_are_widened_is_found_though_its_networks_are_the_same() -> None:
    own = [{"name": "cloud", "networks": ["40.92.0.0/15"]}]
    with_null = [{"name": "cloud", "networks": ["40.92.0.0/15"], "senders": "own-and-null"}]

    assert told(made(provider=with_null), made(provider=own)) == [
        "Clients 40.92.0.0/15 may newly send mail to any domain with the null sender."
    ]


def test_clients_that_leave_the_black_list_may_send_to_our_domains() -> None:
    assert told(made(black=[])) == ["Clients 198.51.100.0/24 may newly send mail for our own domains."]


def test_a_white_row_lets_in_a_client_that_a_block_list_has() -> None:
    assert told(made(white=["203.0.113.50"])) == [
        "The client 203.0.113.50 may newly send mail for our own domains, even when a block list has them."
    ]


def test_a_block_list_that_is_gone_lets_in_those_that_it_has() -> None:
    assert told(made(rbl=[{"zone": "dbl.example.net", "kind": "sender"}])) == [
        "Clients that zen.example.net lists may newly send mail for our own domains."
    ]


def test_a_list_of_sender_domains_that_is_gone_lets_those_in() -> None:
    assert told(made(rbl=[{"zone": "zen.example.net"}])) == [
        "Clients with a sender domain that dbl.example.net lists may newly send mail for our own domains."
    ]


def test_a_new_listener_is_newly_reachable_and_said_with_what_can_be_done_there() -> None:
    port = lease_port()

    words = told(made(master_cf=f"{port} inet n - n - - smtpd\n"))

    assert words[0] == f"The listener {port} is newly reachable."
    assert f"On the new listener {port}, everybody may send mail for our own domains." in words
    assert f"On the new listener {port}, clients 10.0.0.0/16 may send mail to any domain." in words


def test_a_second_listener_that_lets_everybody_relay_is_named() -> None:
    first, second = lease_port(), lease_port()
    plain = f"{first} inet n - n - - smtpd\n{second} inet n - n - - smtpd"

    (words,) = told(made(master_cf=f"{plain} -o mynetworks=0.0.0.0/0,[::]/0\n"), made(master_cf=f"{plain}\n"))

    assert words == f"Everybody may newly send mail to any domain, on the listener {second}."


def test_verification_of_recipients_hides_nothing() -> None:
    verifying = {"reject-unverified-recipient": True}

    assert told(made(verifying, **domains("relay.example", "new.example")), made(verifying)) == [
        "Mail for new.example is newly accepted from everybody."
    ]


def test_a_first_apply_says_what_will_be_possible_at_all() -> None:
    with two_releases(made(), made()) as pair:
        words = list(widened(pair.judge, None, pair.candidate))

    assert words[0].startswith("Clients can reach the gateway at listener 127.0.0.1:")
    assert "Clients 10.0.0.0/16 may send mail to any domain." in words
    assert "Mail for relay.example is accepted from everybody." in words


# -- without a run


def test_the_first_address_and_the_one_beside_each_edge_are_asked_for() -> None:
    with two_releases(made(), made(network=["10.0.0.0/16", "10.9.0.0/24"])) as pair:
        asked = question(pair.live, pair.candidate)

    tried = {case.edge for case in asked.cases.values()}
    assert {"10.8.255.255", "10.9.0.0", "10.9.0.255", "10.9.1.0"} <= tried


def test_changed_networks_are_asked_for_first_when_there_are_many() -> None:
    many = [f"172.16.{number}.0/24" for number in range(0, 200, 2)]

    with two_releases(made(network=many), made(network=[*many, "10.9.0.0/24"])) as pair:
        asked = question(pair.live, pair.candidate)

    assert {"10.9.0.0", "10.9.0.255"} <= {case.edge for case in asked.cases.values()}
    assert len(asked.plan.trials) < 400


@pytest.mark.parametrize("zone", ["zen.example.net", "dbl.example.net"])
def test_every_list_of_either_side_is_empty_but_for_whom_is_tried(zone: str) -> None:
    with two_releases(made(), made(rbl=[])) as pair:
        asked = question(pair.live, pair.candidate)

    assert zone in asked.plan.internet.empty_zones
