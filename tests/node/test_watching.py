"""A revision on watch: undone with evidence when mail suffers, confirmed when it does not. Real Postfix, real mail."""

from __future__ import annotations

import contextlib
import os
import signal
import smtplib
import time
from pathlib import Path

import pytest
from tests.node.world import Gateway, MemoryBundle, applied, bundle, judged
from tests.support.mpa_program import MpaProgram
from tests.support.sink import Rule, Sink
from tests.support.waiting import wait_until

from sealgate.link.messages import Apply, State
from sealgate.model.errors import Refused
from sealgate.node.watching import Pace
from sealgate.postfix.processes import children

PACE = Pace(every=0.25, misses=3, patience=1.0)
LONG = 3600


@pytest.fixture
def sink():
    with Sink() as made:
        yield made


def to_hop(port: int, hostname: str = "gw.example.com") -> MemoryBundle:
    """A gateway whose mail for example.com goes to a port of this machine."""
    settings = {"my-hostname": hostname, "internal-relay-host": f"127.0.0.1:{port}"}
    return bundle(settings, {"relay-domain": ["example.com"]})


def send(gateway: Gateway, count: int, *, port: int = 0) -> None:
    """Send messages; where the MPA would give them back, unless another port is named."""
    with smtplib.SMTP("127.0.0.1", port or gateway.reinject_port, "client.example.org", timeout=30) as client:
        for number in range(count):
            client.sendmail("a@example.org", ["b@example.com"], f"Subject: {number}\r\n\r\nhello\r\n")


def spam(gateway: Gateway, count: int) -> None:
    """Attempts that are refused: loopback is trusted, so they name a sender that no gateway takes."""
    for _ in range(0, count, 5):
        with smtplib.SMTP("127.0.0.1", gateway.smtp_port, "client.example.org", timeout=30) as client:
            client.ehlo()
            for _ in range(5):
                client.mail("a@example.org")
                code, _ = client.rcpt("no-domain")
                assert code >= 400
                client.rset()


def end_all(master, *names):
    """Let the daemons of these names crash."""
    for pid in children(master) if master else ():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text().strip() in names:
                os.kill(pid, signal.SIGSEGV)


def watched(gateway, node, made, revision=2, watch_for=LONG):
    judged(node, made)
    outcome = node.apply(Apply(made.digest, revision, watch_for=watch_for))
    assert outcome.state is State.ON_WATCH, outcome
    return outcome


def looks(gateway, count=6):
    """Wait until the watch has looked so many times more: each look asks every listener for its banner."""
    log = gateway.paths.mail_log

    def seen():
        return log.read_text().count("disconnect from localhost[127.0.0.1] ehlo=1 quit=1")

    wanted = seen() + 2 * count
    wait_until(lambda: seen() >= wanted, f"{count} looks", seconds=60)


def until_undone(gateway, node):
    """Send mail until the watch is over; in the moment of the switch nobody listens."""
    while node.status().state is State.ON_WATCH:
        with contextlib.suppress(OSError):
            send(gateway, 2)
    return undone(node)


def undone(node):
    wait_until(lambda: node.status().state is State.CONFIRMED, "the watch is over", seconds=90)
    status = node.status()
    assert status.last is not None
    assert (status.last.state, status.revision, status.state) == (State.UNDONE, 1, State.CONFIRMED), status
    return status.last


def test_a_next_hop_that_refuses_everything_is_undone_with_the_lines_of_the_log(gateway, sink):
    with Sink(rules=[Rule("RCPT", "550 5.7.1 not from you")]) as refusing, gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        send(gateway, 3)
        watched(gateway, node, to_hop(refusing.port))
        last = until_undone(gateway, node)

    assert "Mail suffered with it" in last.text
    assert "Revision 1 is in force again" in last.text
    assert any("could not be delivered at the first attempt" in line for line in last.evidence)
    assert any("550 5.7.1 not from you" in line for line in last.evidence)


def test_what_was_undone_for_mail_is_never_put_in_force_again(gateway, sink):
    with Sink(rules=[Rule("RCPT", "550 5.7.1 not from you")]) as refusing, gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        made = to_hop(refusing.port)
        watched(gateway, node, made)
        until_undone(gateway, node)
        with pytest.raises(Refused, match="undone by itself, because mail would have suffered"):
            node.apply(Apply(made.digest, 2, watch_for=LONG))
        status = node.status()

    assert (status.revision, status.watched_until, status.watched) == (1, None, ())


def test_a_good_revision_is_confirmed_when_the_watch_has_passed(gateway, sink):
    with gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        send(gateway, 3)
        watched(gateway, node, to_hop(sink.port, "two.example.com"), watch_for=2)
        send(gateway, 6)
        wait_until(lambda: node.status().state is State.CONFIRMED, "it is confirmed", seconds=60)
        status = node.status()

    assert (status.revision, status.confirmed_revision, status.watched_until) == (2, 2, None)
    assert "mail did not suffer" in status.last.text


def test_daemons_that_die_later_undo_it(gateway, sink):
    with gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        watched(gateway, node, to_hop(sink.port, "two.example.com"))
        while (status := node.status()).state is State.ON_WATCH:
            end_all(status.postfix_pid, "smtpd", "cleanup", "trivial-rewrite")
        last = undone(node)

    assert any("ended by an error" in line for line in last.evidence)
    assert any("killed by signal 11" in line for line in last.evidence)


def test_listeners_that_fall_silent_undo_it(gateway, sink):
    with gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        watched(gateway, node, to_hop(sink.port, "two.example.com"))
        master = node.status().postfix_pid
        os.kill(master, signal.SIGSTOP)
        end_all(master, "smtpd")
        last = undone(node)

    assert any("there was no answer from the listener" in line for line in last.evidence)


@contextlib.contextmanager
def mpa_of(gateway, tmp_path):
    mpa = MpaProgram(tmp_path, f"127.0.0.1:{gateway.reinject_port}", listen=f"127.0.0.1:{gateway.mpa_port}")
    mpa.port = gateway.mpa_port
    try:
        mpa.start()
        yield mpa
    finally:
        mpa.stop()


@pytest.fixture
def open_path():
    """A directory that the MPA's user can reach."""
    import shutil
    import tempfile

    place = Path(tempfile.mkdtemp(prefix="sgm-", dir="/tmp"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def test_an_mpa_that_is_killed_and_comes_back_undoes_nothing(gateway, sink, open_path):
    with mpa_of(gateway, open_path) as mpa, gateway.agent(pace=Pace(every=0.25, misses=40)) as node:
        applied(node, to_hop(sink.port), 1)
        send(gateway, 5, port=gateway.smtp_port)
        sink.wait_for(5)
        watched(gateway, node, to_hop(sink.port, "two.example.com"))
        mpa.kill_all()
        send(gateway, 3, port=gateway.smtp_port)
        mpa.start()
        send(gateway, 10, port=gateway.smtp_port)
        looks(gateway)
        status = node.status()

    assert (status.state, status.revision) == (State.ON_WATCH, 2)


def test_an_mpa_that_stays_away_undoes_it(gateway, sink, open_path):
    with mpa_of(gateway, open_path) as mpa, gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        watched(gateway, node, to_hop(sink.port, "two.example.com"))
        mpa.kill_all()
        last = undone(node)

    assert any("no answer from the MPA" in line for line in last.evidence)


def test_an_mpa_that_did_not_run_before_is_not_waited_for(gateway, sink):
    with gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        watched(gateway, node, to_hop(sink.port, "two.example.com"))
        looks(gateway)

        assert node.status().state is State.ON_WATCH


def test_heavy_spam_before_and_after_undoes_nothing(gateway, sink, open_path):
    with mpa_of(gateway, open_path), gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        spam(gateway, 60)
        send(gateway, 2, port=gateway.smtp_port)
        watched(gateway, node, to_hop(sink.port, "two.example.com"))
        spam(gateway, 60)
        send(gateway, 2, port=gateway.smtp_port)
        looks(gateway)
        status = node.status()

    assert (status.state, status.revision) == (State.ON_WATCH, 2)
    assert "2 taken, 60 refused (in the" in status.watched[0]


def test_status_says_until_when_and_what_is_watched(gateway, sink):
    with gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        watched(gateway, node, to_hop(sink.port, "two.example.com"), watch_for=1000)
        wait_until(lambda: node.status().watched, "the first look")
        status = node.status()

    assert status.state is State.ON_WATCH
    assert abs(status.watched_until - time.time() - 1000) < 120
    assert status.watch_until is None
    assert [line.partition(":")[0] for line in status.watched] == [
        "mail at the border",
        "deliveries",
        "Postfix",
        "listeners and MPA",
    ]


def test_a_watch_goes_on_after_a_new_start_of_the_agent(gateway, sink):
    with Sink(rules=[Rule("RCPT", "550 5.7.1 not from you")]) as refusing:
        with gateway.agent(pace=PACE) as node:
            applied(node, to_hop(sink.port), 1)
            send(gateway, 4)
            watched(gateway, node, to_hop(refusing.port))
            looks(gateway, 2)
        with gateway.agent(pace=PACE) as node:
            before = node.status()
            last = until_undone(gateway, node)

    assert (before.state, before.revision) == (State.ON_WATCH, 2)
    assert any("(before: 0 and 4)" in line for line in last.evidence)


def test_a_watch_that_passed_while_the_node_was_down_counts_as_passed(gateway, sink):
    with gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        watched(gateway, node, to_hop(sink.port, "two.example.com"), watch_for=5)
        until = node.status().watched_until
    wait_until(lambda: time.time() > until, "the watch has passed", seconds=30)
    with gateway.agent(pace=PACE) as node:
        status = node.status()

    assert (status.state, status.revision) == (State.CONFIRMED, 2)


def test_the_next_apply_ends_the_watch_and_confirms(gateway, sink):
    with gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        watched(gateway, node, to_hop(sink.port, "two.example.com"))
        watched(gateway, node, to_hop(sink.port, "three.example.com"), 3)
        back = node.rollback()

    assert (back.state, back.revision) == (State.UNDONE, 2)


def test_a_watch_with_a_deadline_refuses_another_apply(gateway, sink):
    made = to_hop(sink.port, "three.example.com")
    with gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        applied(node, to_hop(sink.port, "two.example.com"), 2, keep_for=LONG, watch_for=LONG)
        judged(node, made)
        with pytest.raises(Refused, match="Revision 2 is on watch"):
            node.apply(Apply(made.digest, 3, watch_for=LONG))


def test_a_watch_with_a_deadline_waits_for_somebody_when_the_mail_was_well(gateway, sink):
    with gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        applied(node, to_hop(sink.port, "two.example.com"), 2, keep_for=LONG, watch_for=1)
        wait_until(lambda: node.status().watched_until is None, "mail is not watched any more", seconds=60)
        status = node.status()
        confirmed = node.confirm()

    assert (status.state, status.watch_until is not None) == (State.ON_WATCH, True)
    assert confirmed.state is State.CONFIRMED


def test_confirm_ends_the_watch(gateway, sink):
    with gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        watched(gateway, node, to_hop(sink.port, "two.example.com"))
        node.confirm()
        status = node.status()

    assert (status.state, status.revision, status.watched_until) == (State.CONFIRMED, 2, None)


def test_the_first_revision_is_not_watched_since_there_is_nothing_to_go_back_to(gateway, sink):
    made = to_hop(sink.port)
    with gateway.agent(pace=PACE) as node:
        judged(node, made)

        assert node.apply(Apply(made.digest, 1, watch_for=LONG)).state is State.CONFIRMED


def test_a_rollback_is_not_watched(gateway, sink):
    with gateway.agent(pace=PACE) as node:
        applied(node, to_hop(sink.port), 1)
        applied(node, to_hop(sink.port, "two.example.com"), 2)
        node.rollback(1)

        assert node.status().watched_until is None


@pytest.mark.parametrize("seconds", [-1, 8 * 86400])
def test_a_watch_of_impossible_length_is_refused(gateway, sink, seconds):
    made = to_hop(sink.port)
    with gateway.agent() as node:
        judged(node, made)
        with pytest.raises(Refused, match="at most 7 days"):
            node.apply(Apply(made.digest, 1, watch_for=seconds))
