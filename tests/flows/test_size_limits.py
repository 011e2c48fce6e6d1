"""The two size limits: what is refused at the front, and what may come back from the MPA."""

from __future__ import annotations

from tests.support.story import PLAIN, STRANGER, Story, arrived, subject

BASE = """
set my-hostname gw.example.test
add relay-domain example.com
set internal-relay-host 198.51.100.25
set before-filter-size-limit 100000
"""
APART = BASE + "set after-filter-size-limit 300000"
LINE = b"x" * 98 + b"\r\n"


def test_the_front_refuses_by_announced_size_and_by_real_size(story: Story) -> None:
    story.next_hop("198.51.100.25")
    story.gateway.begin_with(APART)

    assert story.send(STRANGER, "info@example.com", parameters="SIZE=100001").code == 552
    assert story.send(STRANGER, "info@example.com", PLAIN + LINE * 1001).code == 552
    assert story.send(STRANGER, "info@example.com", PLAIN + LINE * 900, parameters="SIZE=91000").code == 250


def test_a_message_that_grows_on_the_way_back_passes_up_to_the_after_limit_and_bounces_beyond(story: Story) -> None:
    """The re-injection listener is asked directly, as the MPA would with a message that encryption made larger."""
    hop = story.next_hop("198.51.100.25")
    story.gateway.begin_with(APART)

    with story.reinjection() as session:
        grown = session.deliver("a@example.org", ["info@example.com"], subject("grown") + LINE * 2500)
    with story.reinjection() as session:
        too_large = session.deliver("a@example.org", ["info@example.com"], subject("too large") + LINE * 3100)

    assert grown.code == 250
    assert too_large.code == 552
    arrived(hop, b"grown")


def test_a_message_that_outgrows_the_after_limit_on_its_way_back_bounces_once(story: Story) -> None:
    """Both limits are equal, so the largest message that the front takes is too large with one more Received field."""
    hop = story.next_hop("198.51.100.25")
    sender = story.next_hop("198.51.100.72")
    story.dns.add("example.org", "MX", "10 mx.example.org")
    story.dns.add("mx.example.org", "A", "198.51.100.72")
    story.gateway.apply(BASE + "set after-filter-size-limit 100000")
    text = subject("border") + (b"x" * 960 + b"\r\n") * 103

    largest = next(size for size in range(100_000, 98_000, -50) if taken_at_the_front(story, text[:size]))

    bounce = arrived(sender, b"border")
    assert largest > 98_500
    assert bounce.sender == ""
    assert not hop.messages
    assert len(sender.messages) == 1


def taken_at_the_front(story: Story, content: bytes) -> bool:
    return story.send(STRANGER, "info@example.com", content).code == 250
