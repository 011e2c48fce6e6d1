"""Workers and whole MPAs die and come back under load: nothing is lost, and every duplicate has its reason."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.support.mail_gateway import Gateway, mail_gateway
from tests.support.sink import Rule, Sink
from tests.support.smtp_client import SmtpClient
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.flow, pytest.mark.timeout(300)]

HEAD = b"From: a@out.example\r\nTo: b@example.test\r\nSubject: t\r\n"
PROCESSES = 8  # lmtp processes of tests/support/mail_gateway.py: the most messages in work at once
MESSAGES = 300


def send_all(gateway: Gateway, first: int, count: int) -> None:
    """Send numbered messages in one session."""
    with gateway.stranger() as client:
        for number in range(first, first + count):
            reply = client.deliver("a@out.example", ["b@example.test"], HEAD + b"X-Number: %d\r\n\r\nbody\r\n" % number)
            assert reply.ok, reply


@contextmanager
def load(gateway: Gateway) -> Iterator[None]:
    """Send `MESSAGES` in three sessions at once beside the block; at its end all of them have been accepted."""
    share = MESSAGES // 3
    with ThreadPoolExecutor(3) as pool:
        sessions = [pool.submit(send_all, gateway, n * share, share) for n in range(3)]
        yield
        for session in sessions:
            session.result()


def numbers(sink: Sink) -> Counter[int]:
    """Count how often each numbered message has arrived."""
    found: Counter[int] = Counter()
    for message in list(sink.messages):
        found[int(message.content.partition(b"X-Number: ")[2].partition(b"\r\n")[0])] += 1
    return found


def arrive(gateway: Gateway, sink: Sink, count: int) -> None:
    """Wait until so many messages have arrived."""
    gateway.flush_until(lambda: len(sink.messages) >= count, f"{count} messages have arrived")


def settle(gateway: Gateway, sink: Sink) -> Counter[int]:
    """Wait until everything that was sent has left the queue; return how often each message arrived."""
    gateway.flush_until(lambda: not gateway.postfix.messages(), "the queue is empty")
    return numbers(sink)


def unanswered(gateway: Gateway) -> int:
    """Count re-injected copies whose original was not taken off the queue for them: the reasons for duplicates."""
    lines = gateway.postfix.lines()
    injected = sum("orig_queue_id=" in line for line in lines)
    return injected - sum("postfix/lmtp" in line and "status=sent" in line for line in lines)


def kill(gateway: Gateway, whole: bool) -> None:
    if whole:
        gateway.mpa.kill_all()
        gateway.mpa.start()
    else:
        os.kill(random.choice(gateway.mpa.worker_pids()), signal.SIGKILL)


@pytest.mark.parametrize("whole", [False, True], ids=["a worker", "the whole MPA"])
def test_killing_under_load_loses_nothing_and_duplicates_only_what_was_between_two_250s(whole):
    kills = 4
    with Sink() as sink, mail_gateway(sink, workers=2) as gateway:
        with load(gateway):
            for number in range(kills):
                arrive(gateway, sink, (number + 1) * 40)
                kill(gateway, whole)
        arrived = settle(gateway, sink)

        duplicates = arrived.total() - MESSAGES
        assert set(arrived) == set(range(MESSAGES))
        assert duplicates <= unanswered(gateway)
        assert duplicates <= kills * PROCESSES


def test_ending_and_starting_under_load_loses_and_duplicates_nothing():
    with Sink() as sink, mail_gateway(sink, workers=2) as gateway:
        with load(gateway):
            for number in range(3):
                arrive(gateway, sink, (number + 1) * 50)
                assert gateway.mpa.stop() == 0
                gateway.mpa.start()

        assert settle(gateway, sink) == Counter(range(MESSAGES))


def test_reloading_under_load_loses_duplicates_and_defers_nothing():
    with Sink() as sink, mail_gateway(sink, workers=2) as gateway:
        with load(gateway):
            for number in range(5):
                arrive(gateway, sink, (number + 1) * 40)
                gateway.mpa.reload()

        assert settle(gateway, sink) == Counter(range(MESSAGES))
        assert not any("status=deferred" in line for line in gateway.postfix.lines())


def test_a_worker_killed_between_the_two_250s_makes_one_duplicate_and_no_loss():
    gate = threading.Event()
    rules = [Rule("BODY", "250 2.0.0 Ok: queued as TAKEN", hold=gate, times=1)]
    with Sink() as sink, Sink(rules=rules) as reinjection, mail_gateway(sink, start_mpa=False) as gateway:
        gateway.mpa.write_policy(reinject=f"127.0.0.1:{reinjection.port}")
        gateway.mpa.start()
        gateway.send(HEAD + b"\r\nbody\r\n")
        wait_until(lambda: rules[0].used, "the copy has been taken and is about to be confirmed")
        os.kill(gateway.mpa.worker_pids()[0], signal.SIGKILL)
        gateway.postfix.wait_for_log(r"postfix/lmtp.*status=deferred")
        gate.set()
        gateway.mpa.wait_until_greeting()
        gateway.flush_until(lambda: len(reinjection.messages) == 2, "the message has been taken again")
        first, second = reinjection.messages

        assert first.wire == second.wire
        assert gateway.postfix.wait_for_log(r"postfix/lmtp.*status=sent")


def fail_forty_times(gateway: Gateway) -> None:
    """Queue forty deliveries at once while there is no MPA, and wait until all have failed."""
    with gateway.stranger() as client:
        assert client.deliver("a@out.example", [f"r{n}@example.test" for n in range(40)], HEAD + b"\r\nold\r\n").ok
    deferred = "the old mail is deferred"
    wait_until(lambda: sum("status=deferred" in line for line in gateway.postfix.lines()) >= 40, deferred)
    gateway.mpa.start()


FEW_AT_ONCE = {"mpa_destination_recipient_limit": "2"}  # so that forty recipients are twenty deliveries


def test_new_mail_flows_at_once_when_the_mpa_is_back_and_a_flush_brings_the_rest():
    with Sink() as sink, mail_gateway(sink, main=FEW_AT_ONCE, start_mpa=False) as gateway:
        fail_forty_times(gateway)
        gateway.send(HEAD + b"\r\nnew\r\n")
        (first,) = sink.wait_for(1)
        gateway.flush_until(lambda: not gateway.postfix.messages(), "the queue is empty")

        assert first.content.endswith(b"new\r\n")
        assert sum(len(message.rcpts) for message in sink.messages) == 41


def test_without_the_failed_cohort_limit_new_mail_waits_with_the_old():
    main = FEW_AT_ONCE | {"mpa_destination_concurrency_failed_cohort_limit": None}
    with Sink() as sink, mail_gateway(sink, main=main, start_mpa=False) as gateway:
        fail_forty_times(gateway)
        gateway.send(HEAD + b"\r\nnew\r\n", to="new@example.test")
        gateway.postfix.wait_for_log(r"to=<new@example.test>.*status=deferred \(delivery temporarily suspended")

        assert sink.messages == []


def test_a_message_stays_queued_while_the_policy_is_unreadable_and_leaves_when_it_is_back():
    with Sink() as sink, mail_gateway(sink) as gateway:
        gateway.mpa.policy_path.write_text("{")
        gateway.mpa.reload()
        gateway.send(HEAD + b"\r\nbody\r\n")
        gateway.postfix.wait_for_log(r"status=deferred .*451 4\.3\.5")
        held = len(sink.messages)
        gateway.mpa.write_policy()
        gateway.mpa.reload()

        assert held == 0
        arrive(gateway, sink, 1)


def test_mail_waits_while_re_injection_is_down_and_leaves_when_it_is_back():
    with Sink() as sink, mail_gateway(sink) as gateway:
        gateway.mpa.write_policy(reinject="127.0.0.1:1")
        gateway.mpa.reload()
        gateway.send(HEAD + b"\r\nbody\r\n")
        gateway.postfix.wait_for_log(r"status=deferred .*451 4\.4\.1")
        (event,) = gateway.mpa.wait_for_events(1)

        assert event["recipients"][0]["outcome"] == "deferred"
        assert "127.0.0.1:1" in event["reason"]


def test_a_pooled_connection_that_smtpd_gave_up_on_delays_nothing():
    with Sink() as sink, mail_gateway(sink, reinjection={"smtpd_timeout": "1s"}) as gateway:
        gateway.send(HEAD + b"\r\none\r\n")
        gateway.postfix.wait_for_log(r"smtpd.*timeout after END-OF-MESSAGE from localhost")
        gateway.send(HEAD + b"\r\ntwo\r\n")
        sink.wait_for(2)

        assert not any("status=deferred" in line for line in gateway.postfix.lines())


def test_an_idle_connection_gives_the_smtpd_process_back_to_others():
    with Sink() as sink, mail_gateway(sink, reinjection_processes=1) as gateway:
        gateway.send(HEAD + b"\r\none\r\n")
        sink.wait_for(1)
        host, _, port = str(gateway.mpa.policy["reinject"]).partition(":")
        with SmtpClient((host, int(port)), timeout=60) as other:
            assert other.banner.code == 220
