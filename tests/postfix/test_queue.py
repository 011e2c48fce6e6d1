"""The queue of a real Postfix: listed, filtered, shown, held, released, requeued, flushed and deleted."""

from __future__ import annotations

import smtplib
import string
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.gateway import free_port
from tests.support.sink import Sink
from tests.support.waiting import wait_until

from sealgate.model.errors import InvalidValue, NodeFailed, NotFound
from sealgate.postfix.queue import Filter, Message, Queue, Recipient, queue_id

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

BODY = b"Subject: a subject\r\n\r\nfirst line\r\nsecond line \xff\r\n"


def send(gateway: Gateway, *recipients: str, sender: str = "ann@example.org", message: bytes = BODY) -> str:
    """Hand a message over and return its queue id."""
    with smtplib.SMTP("127.0.0.1", gateway.port) as client:
        client.ehlo("client.test")
        client.mail(sender)
        for recipient in recipients:
            client.rcpt(recipient)
        _, reply = client.data(message)
    return reply.decode().rpartition(" ")[2]


@pytest.fixture
def stuck(gateway: Gateway) -> Gateway:
    """An instance whose next hop refuses connections: every message is deferred."""
    gateway.write(relay_transport=f"smtp:[127.0.0.1]:{free_port()}", relay_domains="relay.test, other.test")
    assert gateway.instance.start().good
    return gateway


@pytest.fixture
def queue(stuck: Gateway) -> Queue:
    return Queue(stuck.instance.programs)


def deferred(queue: Queue, count: int) -> list[Message]:
    def look() -> list[Message]:
        found = list(queue.messages(Filter(queue="deferred")))
        return found if len(found) == count else []

    found = wait_until(look, f"{count} messages deferred")
    assert isinstance(found, list)
    return found


def test_a_deferred_message_is_listed_with_the_reason(stuck: Gateway, queue: Queue) -> None:
    name = send(stuck, "bob@relay.test", "eve@other.test")

    (message,) = deferred(queue, 1)

    assert message.id == name
    assert message.sender == "ann@example.org"
    assert {one.address for one in message.recipients} == {"bob@relay.test", "eve@other.test"}
    assert "Connection refused" in message.recipients[0].reason
    assert message.size > 0
    assert abs(message.arrived - time.time()) < 60


def test_an_empty_queue_lists_nothing(queue: Queue) -> None:
    assert list(queue.messages()) == []


def test_a_selection_tells_what_would_be_acted_on(stuck: Gateway, queue: Queue) -> None:
    names = {send(stuck, "bob@relay.test"), send(stuck, "eve@other.test")}
    deferred(queue, 2)

    chosen = queue.select(Filter(domain="RELAY.test"))

    assert chosen.count == 1
    assert set(chosen.ids) < names
    assert chosen.size > 0
    assert queue.select(Filter(domain="nobody.test")).oldest == 0


def test_a_message_is_shown_in_its_parts(stuck: Gateway, queue: Queue) -> None:
    name = send(stuck, "bob@relay.test")

    content = queue.view(name)

    assert ("original_recipient", "bob@relay.test") in content.envelope
    assert "Subject: a subject" in content.header
    assert "second line" in content.body
    assert not content.cut


def test_a_large_body_is_cut_and_said_to_be(stuck: Gateway, queue: Queue) -> None:
    name = send(stuck, "bob@relay.test", message=b"Subject: x\r\n\r\n" + b"0123456789\r\n" * 1000)

    content = queue.view(name, body_limit=100)

    assert len(content.body) == 100
    assert content.cut


def test_a_message_that_is_not_there_is_not_found(queue: Queue) -> None:
    with pytest.raises(NotFound, match="not in the queue"):
        queue.view("4jXcWT6drWzJFXV")


def test_a_held_message_stays_and_a_released_one_goes_back(stuck: Gateway, queue: Queue) -> None:
    name = send(stuck, "bob@relay.test")
    deferred(queue, 1)

    assert queue.hold([name]).done == 1
    assert queue.select(Filter(queue="hold")).ids == (name,)
    assert queue.release([name]).done == 1
    assert queue.select(Filter(queue="hold")).ids == ()


def test_only_what_was_chosen_is_deleted(stuck: Gateway, queue: Queue) -> None:
    first, second = send(stuck, "bob@relay.test"), send(stuck, "eve@other.test")
    deferred(queue, 2)

    done = queue.delete(queue.select(Filter(recipient="bob@relay.test")).ids)

    assert (done.asked, done.done) == (1, 1)
    assert [message.id for message in queue.messages()] == [second]
    assert first != second


def test_what_is_gone_already_is_not_counted_as_done(stuck: Gateway, queue: Queue) -> None:
    name = send(stuck, "bob@relay.test")
    deferred(queue, 1)
    queue.delete([name])

    done = queue.delete([name])

    assert (done.asked, done.done) == (1, 0)


def test_acting_on_nothing_starts_no_program_on_everything(stuck: Gateway, queue: Queue) -> None:
    send(stuck, "bob@relay.test")
    deferred(queue, 1)

    assert queue.delete([]).done == 0
    assert len(list(queue.messages())) == 1


@pytest.mark.parametrize("word", ["ALL", "-", "ALL deferred", "4jX\nALL", "../x", "", "abc", "4jXcWT6drWzJFXV ", "-d"])
def test_what_is_no_queue_id_reaches_no_program(word: str, queue: Queue) -> None:
    with pytest.raises(InvalidValue, match="no queue id"):
        queue.delete([word])


@pytest.mark.parametrize("name", ["4jXcWT6drWzJFXV", "3Pt2mN2VXxznjll", "A1B2C3D4E5", "0123F"])
def test_real_queue_ids_are_taken(name: str) -> None:
    assert queue_id(name) == name


@given(st.text(st.sampled_from(string.printable), max_size=30))
def test_a_queue_id_never_holds_anything_but_letters_and_digits(text: str) -> None:
    try:
        taken = queue_id(text)
    except InvalidValue:
        return

    assert taken.isalnum()
    assert taken != "ALL"


def test_flushing_delivers_when_the_next_hop_is_back(gateway: Gateway) -> None:
    with Sink() as sink:
        port = sink.address[1]
        gateway.write(relay_transport=f"smtp:[127.0.0.1]:{port}", defer_transports="smtp")
        assert gateway.instance.start().good
        queue = Queue(gateway.instance.programs)
        send(gateway, "bob@relay.test")
        deferred(queue, 1)
        gateway.write(relay_transport=f"smtp:[127.0.0.1]:{port}")
        assert gateway.instance.reload().good

        queue.flush()

        assert sink.wait_for(1)[0].recipients == ["bob@relay.test"]


@pytest.mark.parametrize("by", ["id", "site", "requeue", "release"])
def test_one_message_or_one_domain_can_be_tried_alone(gateway: Gateway, by: str) -> None:
    with Sink() as sink:
        port = sink.address[1]
        gateway.write(
            relay_domains="relay.test, other.test", relay_transport=f"smtp:[127.0.0.1]:{port}", defer_transports="smtp"
        )
        assert gateway.instance.start().good
        queue = Queue(gateway.instance.programs)
        wanted, left = send(gateway, "bob@relay.test"), send(gateway, "eve@other.test")
        deferred(queue, 2)
        gateway.write(relay_domains="relay.test, other.test", relay_transport=f"smtp:[127.0.0.1]:{port}")
        assert gateway.instance.reload().good

        act = {"id": lambda: queue.flush_messages([wanted]), "site": lambda: queue.flush_site("relay.test"),
               "requeue": lambda: queue.requeue([wanted]), "release": lambda: queue.release([wanted])}[by]  # fmt: skip
        if by == "release":
            queue.hold([wanted])

        assert act().done == 1
        assert sink.wait_for(1)[0].recipients == ["bob@relay.test"]
        assert [message.id for message in queue.messages()] == [left]


def test_a_queue_that_cannot_be_listed_says_why(gateway: Gateway) -> None:
    gateway.write(raw="no equals sign\n")

    with pytest.raises(NodeFailed, match="postqueue"):
        list(Queue(gateway.instance.programs).messages())


MESSAGE = Message(
    "deferred", "4jXcWT6drWzJFXV", 1000, 500, "Ann@example.org",
    (Recipient("bob@relay.test", "connect: Connection refused"), Recipient("eve@other.test")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Filter(), True),
        (Filter(queue="deferred"), True),
        (Filter(queue="hold"), False),
        (Filter(older_than=50), True),
        (Filter(older_than=150), False),
        (Filter(younger_than=150), True),
        (Filter(younger_than=50), False),
        (Filter(sender="ann@EXAMPLE.org"), True),
        (Filter(sender="<>"), True),
        (Filter(recipient="eve@other.test"), True),
        (Filter(recipient="eve"), False),
        (Filter(domain="other.test"), True),
        (Filter(domain="test"), False),
        (Filter(reason="REFUSED"), True),
        (Filter(reason="refused", domain="other.test"), False),
        (Filter(larger_than=499, smaller_than=501), True),
        (Filter(larger_than=500), False),
    ],
)
def test_a_filter_means_what_it_says(wanted: Filter, *, fits: bool) -> None:
    message = MESSAGE if wanted.sender != "<>" else Message("deferred", "x", 1000, 500, "", ())

    assert wanted.matches(message, now=1100) is fits


def test_the_null_sender_is_not_everybody() -> None:
    assert not Filter(sender="<>").matches(MESSAGE, now=0)
