"""What is newly permitted is said in sentences that claim no more than was tried."""

from __future__ import annotations

import ipaddress

import pytest

from sealgate.link.messages import Grade
from sealgate.rehearsal.boundaries import Stretch
from sealgate.rehearsal.trials import Plan
from sealgate.rehearsal.widened_words import sentences
from sealgate.rehearsal.widening import As, Case, Door, Listed, Question

DOOR = Door(25, "", 4)
NET = ipaddress.ip_network("10.9.0.0/24")
KNOWN = Stretch(4, int(NET.network_address), int(NET.broadcast_address), listed=True, changed=True)
STRANGERS = Stretch(4, int(ipaddress.ip_address("11.0.0.0")), int(ipaddress.ip_address("12.0.0.0")))
LISTED = Listed("Clients that zen.example lists")
OURS = "ours.example"


def cases(who, *, door=DOOR, senders=tuple(As), to="", edges=None, despite=False):
    at = edges or (who.edges if isinstance(who, Stretch) else ("203.0.113.7",))
    return frozenset(Case(who, door, sender, to, edge, despite) for sender in senders for edge in at)


def say(fresh, *, kept=frozenset(), refused=frozenset(), first=False, **more):
    tried = {(str(number), ""): one for number, one in enumerate(sorted(fresh | kept | refused, key=str))}
    doors = more.pop("doors", frozenset({DOOR}))
    asked = Question(
        Plan(), Grade.FULL, tried, OURS, **{"doors": doors, "old_doors": doors if not first else frozenset(), **more}
    )
    return sentences(asked, fresh, kept, first=first)


EVERYBODY_ELSE = cases(STRANGERS)


def test_nothing_new_is_no_sentence() -> None:
    assert say(frozenset(), kept=cases(KNOWN)) == ()


def test_a_network_is_said_as_a_network() -> None:
    assert say(cases(KNOWN), refused=EVERYBODY_ELSE) == ("Clients 10.9.0.0/24 may newly send mail to any domain.",)


def test_strangers_are_everybody() -> None:
    assert say(EVERYBODY_ELSE) == ("Everybody may newly send mail to any domain.",)


def test_everybody_of_one_family_is_said_to_be_that() -> None:
    six = Stretch(6, 1 << 120, (1 << 121) - 1)

    assert say(EVERYBODY_ELSE, refused=cases(six, door=Door(25, "", 6)), doors=frozenset({DOOR, Door(25, "", 6)})) == (
        "Everybody with an IPv4 address may newly send mail to any domain.",
    )


def test_a_single_address_is_a_client() -> None:
    one = Stretch(4, KNOWN.first, KNOWN.first, listed=True)

    assert say(cases(one), refused=EVERYBODY_ELSE) == ("The client 10.9.0.0 may newly send mail to any domain.",)


def test_one_edge_of_a_network_is_not_the_network() -> None:
    first, last = KNOWN.edges
    found = say(cases(KNOWN, edges=(first,)), refused=EVERYBODY_ELSE | cases(KNOWN, edges=(last,)))

    assert found == ("The client 10.9.0.0 may newly send mail to any domain.",)


@pytest.mark.parametrize(
    ("sender", "words"),
    [(As.OWN, " with a sender of our own domains"), (As.NULL, " with the null sender"), (As.OTHER, "")],
)
def test_the_senders_are_said_unless_others_may_as_well(sender: As, words: str) -> None:
    rest = cases(KNOWN) - cases(KNOWN, senders=(sender,))

    assert say(cases(KNOWN, senders=(sender,)), refused=EVERYBODY_ELSE | rest) == (
        f"Clients 10.9.0.0/24 may newly send mail to any domain{words}.",
    )


def test_who_may_relay_is_not_said_to_write_to_us_too() -> None:
    assert len(say(cases(KNOWN) | cases(KNOWN, to=OURS), refused=EVERYBODY_ELSE)) == 1


def test_who_may_write_to_us_alone_is_said_so() -> None:
    assert say(cases(KNOWN, to=OURS), refused=EVERYBODY_ELSE) == (
        "Clients 10.9.0.0/24 may newly send mail for our own domains.",
    )


def test_block_lists_that_no_longer_count_are_said() -> None:
    (words,) = say(cases(KNOWN, despite=True), refused=EVERYBODY_ELSE)

    assert words.endswith(", even when a block list has them.")


def test_clients_on_lists_are_said_in_the_words_of_the_list() -> None:
    assert say(cases(LISTED, to=OURS), refused=cases(STRANGERS, to=OURS)) == (
        "Clients that zen.example lists may newly send mail for our own domains.",
    )


def test_clients_on_lists_are_not_said_where_everybody_may() -> None:
    assert say(cases(LISTED) | EVERYBODY_ELSE) == ("Everybody may newly send mail to any domain.",)


def test_one_of_two_listeners_is_named() -> None:
    other = Door(587, "192.0.2.1", 4)
    found = say(cases(KNOWN, door=other), refused=EVERYBODY_ELSE | cases(KNOWN), doors=frozenset({DOOR, other}))

    assert found == ("Clients 10.9.0.0/24 may newly send mail to any domain, on the listener 192.0.2.1:587.",)


def test_all_of_two_listeners_are_said_together() -> None:
    other = Door(587, "", 4)
    found = say(cases(KNOWN) | cases(KNOWN, door=other), refused=EVERYBODY_ELSE, doors=frozenset({DOOR, other}))

    assert found == ("Clients 10.9.0.0/24 may newly send mail to any domain, on every listener.",)


def test_a_new_listener_is_said_with_who_may_there() -> None:
    new = Door(587, "", 4)
    found = say(
        cases(KNOWN, door=new), refused=EVERYBODY_ELSE, doors=frozenset({DOOR, new}), old_doors=frozenset({DOOR})
    )

    assert found == (
        "The listener 587 is newly reachable.",
        "On the new listener 587, clients 10.9.0.0/24 may send mail to any domain.",
    )


def test_a_first_apply_says_where_the_gateway_is_and_nothing_is_new() -> None:
    assert say(cases(KNOWN), refused=EVERYBODY_ELSE, first=True) == (
        "Clients can reach the gateway at listener 25.",
        "Clients 10.9.0.0/24 may send mail to any domain.",
    )


def test_many_networks_are_counted_behind_the_first() -> None:
    parts = [Stretch(4, (10 << 24) + (n << 16), (10 << 24) + (n << 16) + 255, listed=True) for n in range(0, 20, 2)]
    (words,) = say(frozenset().union(*map(cases, parts)), refused=EVERYBODY_ELSE)

    assert "10.10.0.0/24 and 4 more may newly" in words


def test_a_new_domain_is_accepted_from_those_who_may() -> None:
    found = say(cases(STRANGERS, to="new.example"), domains=3, tried_domains=("new.example",))

    assert found == (
        "Mail for new.example is newly accepted from everybody (and for 2 more domains, of which none was tried).",
    )


def test_what_was_not_tried_is_said_last() -> None:
    found = say(cases(KNOWN), refused=EVERYBODY_ELSE, left_out=1234)

    assert found[-1].startswith("1,234 more changed places of networks were not tried")
