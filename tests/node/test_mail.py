"""Queue, log, verify cache, tables and routes of a running Postfix, asked over the link."""

from __future__ import annotations

import smtplib
import threading
from itertools import islice

import pytest
from tests.node.world import Gateway, applied, basic, judged
from tests.support.waiting import wait_until

from sealgate.link.messages import Apply
from sealgate.link.sealing import seal
from sealgate.link.upkeep import Log, LogPart, QueueAct, QueueFilter, QueueVerb
from sealgate.model.errors import InvalidValue, NodeFailed, NotFound, NotPermitted


def gateway_state():
    made = basic()
    made.set("reject-unverified-recipient", False)
    made.add("transport", {"pattern": "held.example.com", "special": "hold:"})
    made.add("relay-domain", "held.example.com")
    made.table("hash", "colours", "red ff0000\n")
    made.table("regexp", "words", "/^secret/ REJECT\n")
    return made


@pytest.fixture(scope="module")
def node(shared):
    with shared.agent() as way:
        made = gateway_state()
        made.secrets["s1"] = seal(way.public_key().key, "s1", b"correct horse")
        made.add("sasl", {"host": "smtp.example.net", "user": "u", "password": "s1"})
        applied(way, made, 1)
        yield way


def send(gateway, node, subject, recipient="b@example.com"):
    """Put a message into the queue and return its id; the MPA is not there, so it stays."""
    before = {message.id for message in node.queue_list()}
    with smtplib.SMTP("127.0.0.1", gateway.smtp_port, "client.example.org", timeout=20) as client:
        client.sendmail("a@example.org", [recipient], f"Subject: {subject}\r\n\r\nhello\r\n")
    wait_until(lambda: {m.id for m in node.queue_list()} - before, "the message is in the queue")
    (name,) = {message.id for message in node.queue_list()} - before
    return name


@pytest.fixture
def queued(shared, node):
    name = send(shared, node, "wait here")
    yield name
    node.queue_act(QueueAct(QueueVerb.DELETE, QueueFilter(ids=(name,)), count_only=False))


def test_a_queued_message_is_listed_with_its_recipients(node, queued):
    (message,) = [one for one in node.queue_list() if one.id == queued]

    assert message.sender == "a@example.org"
    assert [one.address for one in message.recipients] == ["b@example.com"]


@pytest.mark.parametrize(
    ("which", "count"),
    [
        (QueueFilter(sender="a@example.org"), 1),
        (QueueFilter(sender="other@example.org"), 0),
        (QueueFilter(recipient="b@example.com"), 1),
        (QueueFilter(recipient="example.com"), 1),
        (QueueFilter(recipient="@example.com"), 1),
        (QueueFilter(recipient="example.net"), 0),
        (QueueFilter(older_than=3600), 0),
        (QueueFilter(queues=("hold",)), 0),
        (QueueFilter(limit=0), 0),
    ],
)
def test_a_filter_finds_what_it_names(node, queued, which, count):
    assert len(list(node.queue_list(which))) == count


def test_counting_changes_nothing(node, queued):
    counted = node.queue_act(QueueAct(QueueVerb.DELETE, QueueFilter(ids=(queued,))))

    assert counted.count == 1
    assert any(message.id == queued for message in node.queue_list())


def test_what_is_done_to_messages_is_done_to_all_that_are_found_whatever_a_list_shows(node, queued):
    which = QueueFilter(ids=(queued,), limit=0)

    counted = node.queue_act(QueueAct(QueueVerb.HOLD, which))
    done = node.queue_act(QueueAct(QueueVerb.HOLD, which, count_only=False))

    assert (counted.count, done.count) == (1, 1)


def test_a_message_is_held_and_released(node, queued):
    which = QueueFilter(ids=(queued,))
    node.queue_act(QueueAct(QueueVerb.HOLD, which, count_only=False))
    held = [message.queue for message in node.queue_list(which)]
    node.queue_act(QueueAct(QueueVerb.RELEASE, which, count_only=False))
    released = [message.queue for message in node.queue_list(which)]

    assert held == ["hold"]
    assert released != ["hold"]


def test_a_deleted_message_is_gone(shared, node):
    name = send(shared, node, "go away")
    done = node.queue_act(QueueAct(QueueVerb.DELETE, QueueFilter(ids=(name,)), count_only=False))

    assert done.count == 1
    assert all(message.id != name for message in node.queue_list())


def test_a_message_can_be_viewed(node, queued):
    text = b"".join(node.queue_view(queued)).decode()

    assert "Subject: wait here" in text
    assert "hello" in text


def test_viewing_a_message_that_is_not_there_is_not_found(node):
    with pytest.raises(NotFound):
        list(node.queue_view("3nGZTQ5p3ZzZZZ"))


def test_what_is_no_queue_id_is_refused(node):
    with pytest.raises(InvalidValue, match="no queue id"):
        list(node.queue_view("-c /etc"))


def test_the_log_ends_with_its_last_lines(node, queued):
    lines = list(node.log(Log(lines=5)))

    assert len(lines) == 5
    assert all("sealgate/" in line for line in lines)


def test_the_log_of_one_message_has_all_its_lines(node, queued):
    lines = list(node.log(Log(lines=100, message=queued)))

    assert any(f"{queued}: client=" in line for line in lines)
    assert any("from=<a@example.org>" in line for line in lines)


def test_the_log_of_an_unknown_message_is_not_found(node):
    with pytest.raises(NotFound, match="has nothing about"):
        list(node.log(Log(message="3nGZTQ5p3ZzZZZ")))


def test_following_the_log_gives_what_comes(shared, node, queued):
    follower = shared.node.log(Log(lines=1, follow=True))
    next(follower)
    sender = threading.Thread(target=lambda: smtplib.SMTP("127.0.0.1", shared.smtp_port, timeout=20).quit())
    sender.start()
    heard = any("connect from" in line for line in islice(follower, 50))
    sender.join()
    follower.close()

    assert heard


def test_the_log_goes_on_behind_the_place_where_a_part_ended(shared, node, queued):
    first = node.log_part(LogPart(lines=3))
    smtplib.SMTP("127.0.0.1", shared.smtp_port, timeout=20).quit()

    def newer() -> str:
        return "\n".join(node.log_part(LogPart(first.place)).lines)

    wait_until(lambda: "connect from" in newer(), "the log tells of the connection")

    assert (len(first.lines), [line for line in first.lines if line in newer()]) == (3, [])


def test_a_part_of_the_log_may_be_about_one_message(node, queued):
    (whole, place) = (found := node.log_part(LogPart(message=queued))).lines, found.place
    again = node.log_part(LogPart(f"{place.partition(':')[0]}:0", message=queued)).lines

    assert any("from=<a@example.org>" in line for line in whole)
    assert again
    assert all(queued in line for line in again)


@pytest.mark.parametrize("place", ["here", "1", "1:-1", "1:2:3", "²:1"])
def test_what_is_no_place_in_the_log_is_refused(node, place):
    with pytest.raises(InvalidValue, match="no place"):
        node.log_part(LogPart(place))


def test_the_verify_cache_knows_nobody_at_first(node):
    assert not node.verify_show("someone@example.com").found


def test_an_empty_verify_cache_can_be_cleared(node):
    assert node.verify_clear().count == 0


class TestQuery:
    """Keys in tables, by the real postmap."""

    @pytest.mark.parametrize(
        ("table", "key", "value"),
        [
            ("transport", "held.example.com", "hold:"),
            ("relay-domain", "example.com", "OK"),
            ("relay_domains", "example.com", "OK"),
            ("relay-domains", "example.org", None),
            ("colours", "red", "ff0000"),
            ("hash-colours", "red", "ff0000"),
            ("hash-colours.map", "blue", None),
            ("words", "secret thing", "REJECT"),
        ],
    )
    def test_a_table_answers_by_each_of_its_names(self, node, table, key, value):
        answer = node.query(table, key)

        assert (answer.value or "").startswith(value or "")
        assert (answer.value is None) == (value is None)
        assert answer.messages == ()

    def test_a_table_of_secrets_gives_no_answer(self, node):
        with pytest.raises(NotPermitted, match="shown to nobody"):
            node.query("sasl", "[smtp.example.net]")

    def test_an_unknown_table_is_not_found_and_others_are_named(self, node):
        with pytest.raises(NotFound, match="colours"):
            node.query("colour", "red")

    def test_a_key_of_two_lines_is_refused(self, node):
        with pytest.raises(InvalidValue, match="not one line"):
            node.query("colours", "red\nblue")

    def test_the_candidate_is_asked_when_it_is_named(self, node):
        candidate = gateway_state()
        candidate.table("hash", "colours", "red 00ff00\n")
        judged(node, candidate)

        assert node.query("colours", "red", candidate.digest).value == "00ff00"
        assert node.query("colours", "red").value == "ff0000"

    def test_a_candidate_that_was_never_judged_is_not_found(self, node):
        with pytest.raises(NotFound, match="check it first"):
            node.query("colours", "red", "0" * 64)


class TestResolve:
    """Routes, by the real trivial-rewrite."""

    @pytest.mark.parametrize(
        ("address", "transport", "next_hop"),
        [
            ("b@example.com", "relay", "[192.0.2.25]"),
            ("b@held.example.com", "hold", ""),
            ("b@elsewhere.example", "smtp", "elsewhere.example"),
        ],
    )
    def test_an_address_takes_the_route_of_the_revision_in_force(self, node, address, transport, next_hop):
        route = node.resolve(address)

        assert route.transport == transport
        assert next_hop in (route.next_hop, "")

    def test_the_flags_name_the_class_of_the_address(self, node):
        assert "relay" in node.resolve("b@example.com").flags

    def test_a_candidate_gives_its_own_route_while_the_live_one_stays(self, node):
        candidate = gateway_state()
        candidate.set("internal-relay-host", "192.0.2.99")
        judged(node, candidate)

        assert node.resolve("b@example.com", digest=candidate.digest).next_hop == "[192.0.2.99]"
        assert node.resolve("b@example.com").next_hop == "[192.0.2.25]"

    def test_an_address_of_two_lines_is_refused(self, node):
        with pytest.raises(InvalidValue, match="not one line"):
            node.resolve("a@b\nc")


def test_without_postfix_the_queue_gives_no_answer():
    with Gateway() as empty, empty.agent() as node, pytest.raises(NodeFailed, match="Postfix does not run"):
        list(node.queue_list())


def test_without_a_revision_there_is_no_table_and_no_route():
    with Gateway() as empty, empty.agent() as node:
        with pytest.raises(NotFound, match="No revision is in force"):
            node.query("transport", "a")
        with pytest.raises(NotFound, match="No revision is in force"):
            node.resolve("a@example.com")


def test_an_apply_keeps_the_queue(shared, node, queued):
    other = gateway_state()
    other.set("my-hostname", "other.example.com")
    judged(node, other)
    node.apply(Apply(other.digest, 2))

    assert any(message.id == queued for message in node.queue_list())
    node.rollback(1)
