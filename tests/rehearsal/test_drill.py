"""Parts fail in a sealed copy: what senders see, what is queued, what happens when the part comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.states import state
from tests.support.two_releases import Pair, two_releases

from sealgate.link.messages import Grade
from sealgate.link.rehearsals import Drilled, Fault
from sealgate.rehearsal.drill import Failure, Sent, assumed, failures, mails, tables, told
from sealgate.rehearsal.running import run
from sealgate.rehearsal.trials import Arrival, Client, Ended, Plan, Reply, Seen, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = {
    "my-hostname": "gw.example.com",
    "internal-relay-host": "mail.inside.example",
    "external-relay-host": "smart.example.net",
}
ROWS: dict[str, Any] = {"relay-domain": ["relay.example"], "network": ["10.0.0.0/16"], "rbl": ["zen.example.net"]}
INWARD, OUTWARD = "mail from outside for relay.example", "mail to the outside from 10.0.0.0/16"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    desired = state(SETTINGS, ROWS)
    with two_releases(desired, desired) as made:
        yield made


def played(pair: Pair, fault: Fault, what: str = "") -> dict[str, Drilled]:
    """Play the first failure of a part whose words have these; return what came of each mail."""
    sent, _ = mails(pair.live)
    failure = next(one for one in failures(pair.live, sent, [fault]) if what in one.what)
    seen = run(pair.judge, pair.live.release, failure.plan, Grade.FULL)
    return {one.mail: one for one in told(failure, sent, seen)}


def test_mail_stays_in_the_queue_while_the_next_hop_cannot_be_reached(pair: Pair) -> None:
    found = played(pair, Fault.NEXT_HOP, "cannot be reached")

    for mail in (INWARD, OUTWARD):
        assert found[mail].seen_by_sender.startswith("250 ")
        assert found[mail].afterwards.startswith("It is queued and tried again: ")
        assert "connect to " in found[mail].afterwards
        assert not found[mail].lost


def test_mail_goes_on_when_the_next_hop_takes_mail_again(pair: Pair) -> None:
    found = played(pair, Fault.NEXT_HOP, "for the moment")

    assert "451 4.3.0 Try again later" in found[INWARD].afterwards
    assert found[INWARD].afterwards.endswith("it went to mail.inside.example port 25.")
    assert found[OUTWARD].afterwards.endswith("it went to smart.example.net port 25.")


def test_mail_that_the_next_hop_refuses_for_good_is_returned(pair: Pair) -> None:
    found = played(pair, Fault.NEXT_HOP, "for good")

    assert found[INWARD].afterwards.startswith("It is returned to its sender: ")
    assert not found[INWARD].lost


def test_a_next_hop_that_hangs_up_at_the_end_costs_no_mail(pair: Pair) -> None:
    found = played(pair, Fault.NEXT_HOP, "hangs up")

    assert "lost connection" in found[INWARD].afterwards
    assert "it went to mail.inside.example" in found[INWARD].afterwards


def test_a_slow_next_hop_gets_the_mail_and_the_sender_does_not_wait(pair: Pair) -> None:
    found = played(pair, Fault.NEXT_HOP, "seconds to greet")

    assert found[OUTWARD].seen_by_sender.endswith("(at once)")
    assert found[OUTWARD].afterwards == "It is delivered to smart.example.net port 25."


def test_dead_name_servers_cost_time_and_no_mail(pair: Pair) -> None:
    found = played(pair, Fault.DNS)

    assert "seconds)" in found[INWARD].seen_by_sender
    assert "Name service error" in found[INWARD].afterwards
    assert found[INWARD].afterwards.endswith("it went to mail.inside.example port 25.")


def test_mail_waits_for_the_mpa_and_then_passes_it(pair: Pair) -> None:
    found = played(pair, Fault.MPA)

    assert "Connection refused" in found[INWARD].afterwards
    assert found[INWARD].afterwards.endswith("it went to mail.inside.example port 25.")


def test_a_broken_table_makes_senders_wait_and_never_lets_them_through(pair: Pair) -> None:
    found = played(pair, Fault.TABLES, "relay_domains")

    for mail in (INWARD, OUTWARD):
        assert found[mail].seen_by_sender.startswith("451 4.3.0 ")
        assert found[mail].afterwards == "Nothing is queued; the sender keeps the mail and tries again."


def test_the_release_itself_is_whole_after_a_table_was_broken(pair: Pair) -> None:
    before = {path: path.stat().st_size for path in pair.live.release.rglob("*.lmdb")}

    played(pair, Fault.TABLES, "relay_domains")

    assert {path: path.stat().st_size for path in pair.live.release.rglob("*.lmdb")} == before


def test_a_next_hop_on_a_port_of_its_own_is_there_too() -> None:
    rows = ROWS | {"transport": [{"pattern": "relay.example", "host": "other.example.net", "port": 2601}]}
    desired = state(SETTINGS | {"external-relay-host": "smart.example.net:2600"}, rows)
    with two_releases(desired, desired) as made:
        found = played(made, Fault.NEXT_HOP, "for the moment")

    assert found[INWARD].afterwards.endswith("it went to other.example.net port 2601.")
    assert found[OUTWARD].afterwards.endswith("it went to smart.example.net port 2600.")


# -- without a run


def test_a_gateway_without_relay_domains_has_no_mail_from_outside() -> None:
    desired = state(SETTINGS, {"network": ["10.0.0.0/16"]})
    with two_releases(desired, desired) as made:
        sent, missing = mails(made.live)

    assert [one.what for one in sent] == [OUTWARD]
    assert missing == ("Mail from outside: there is no relay domain.",)


def test_without_networks_the_machine_itself_sends() -> None:
    desired = state(SETTINGS, {"relay-domain": ["relay.example"]})
    with two_releases(desired, desired) as made:
        sent, _ = mails(made.live)

    assert (sent[-1].what, sent[-1].trial.client.address) == (
        "mail to the outside from this machine itself",
        "127.0.0.1",
    )


def test_the_tables_that_decide_over_all_mail_come_first(pair: Pair) -> None:
    assert tables(pair.live)[:2] == ("maps/relay_domains.lmdb", "maps/transport.lmdb")


def test_every_fault_has_a_run_and_only_what_is_asked_for_is_played(pair: Pair) -> None:
    sent, _ = mails(pair.live)

    assert {one.fault for one in failures(pair.live, sent, Fault)} == set(Fault)
    assert {one.fault for one in failures(pair.live, sent, [Fault.MPA, Fault.MPA])} == {Fault.MPA}


def test_dead_name_servers_are_quicker_here_than_outside_and_that_is_said() -> None:
    assert any("name server" in words for words in assumed([Fault.DNS]))
    assert not any("name server" in words for words in assumed([Fault.MPA]))


SENT = Sent("a mail", Trial("drill-in", "127.0.0.1", 25, Client("203.0.113.25"), "a@b.example", ("c@d.example",)))
TAKEN = Ended("drill-in", (Reply("(message)", 250, "250 2.0.0 Ok: queued as 4X", 0.1),), "4X")
DEFERRED = ("deferred: to=<c@d.example>, relay=none, status=deferred (connect to x: refused)",)
ARRIVED = Arrival(
    "drill-in",
    "mx.d.example",
    "198.18.1.1",
    25,
    "192.0.2.1",
    "gw",
    "",
    "",
    "",
    "a@b.example",
    ("c@d.example",),
    "",
    1,
    "",
)


def outcome(seen: Seen, *, repaired: bool = False) -> Drilled:
    (found,) = told(Failure(Fault.MPA, "it failed", Plan((SENT.trial,), repaired=repaired)), [SENT], seen)
    return found


def test_mail_that_was_accepted_and_is_nowhere_is_lost() -> None:
    assert outcome(Seen({"drill-in": TAKEN})).lost


def test_mail_that_vanished_when_the_part_came_back_is_lost() -> None:
    assert outcome(Seen({"drill-in": TAKEN}, failing={"drill-in": DEFERRED}), repaired=True).lost


def test_mail_that_is_still_queued_after_the_repair_is_not_lost() -> None:
    found = outcome(
        Seen({"drill-in": TAKEN}, queued={"drill-in": DEFERRED}, failing={"drill-in": DEFERRED}), repaired=True
    )

    assert not found.lost
    assert "was not delivered yet: connect to x: refused" in found.afterwards


def test_mail_that_arrived_names_the_server() -> None:
    assert outcome(Seen({"drill-in": TAKEN}, (ARRIVED,))).afterwards == "It is delivered to mx.d.example port 25."


def test_a_trial_that_was_never_held_is_no_lost_mail() -> None:
    found = outcome(Seen({}))

    assert (found.seen_by_sender, found.lost) == ("nothing answered", False)


def test_how_long_the_sender_waited_is_said() -> None:
    slow = Ended(
        "drill-in", (Reply("(connect)", 220, "220 gw", 2.0), Reply("RCPT TO:<c@d.example>", 451, "451 4.3.0 x", 1.5))
    )

    assert outcome(Seen({"drill-in": slow})).seen_by_sender == (
        "451 4.3.0 x (answer to RCPT TO:<c@d.example>, after 3.5 seconds)"
    )
