"""The verify cache of a real Postfix that has really asked a next hop."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sink import Rule, Sink
from tests.support.waiting import wait_until

from sealgate.model.errors import NodeFailed
from sealgate.postfix.verify_cache import Status, VerifyCache, entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.gateway import Gateway

    from sealgate.postfix.command import Programs


def ask(gateway: Gateway, recipient: str) -> int:
    with smtplib.SMTP("127.0.0.1", gateway.port) as client:
        client.ehlo("client.test")
        client.mail("ann@example.org")
        return client.rcpt(recipient)[0]


def write(gateway: Gateway, sink: Sink, **main: str) -> None:
    gateway.write(
        **{
            "relay_transport": f"smtp:[127.0.0.1]:{sink.address[1]}",
            "smtpd_recipient_restrictions": "reject_unverified_recipient",
            "unverified_recipient_reject_code": "550",
            "address_verify_map": "lmdb:$data_directory/verify_cache",
            "address_verify_poll_delay": "1s",
        }
        | main
    )


@pytest.fixture
def asked(gateway: Gateway) -> Iterator[tuple[Gateway, Sink]]:
    """A running gateway that knows good@ to be deliverable and bad@ not."""
    with Sink(rules=[Rule("RCPT", "550 5.1.1 unknown", match="<bad@")]) as sink:
        write(gateway, sink)
        assert gateway.instance.start().good
        assert ask(gateway, "good@relay.test") == 250
        assert ask(gateway, "bad@relay.test") == 550
        yield gateway, sink


def test_what_was_found_out_is_told(asked: tuple[Gateway, Sink]) -> None:
    cache = VerifyCache(asked[0].instance.programs)

    good, bad = cache.lookup("good@relay.test"), cache.lookup("BAD@relay.test")

    assert good is not None
    assert bad is not None
    assert (good.status, bad.status) == (Status.DELIVERABLE, Status.UNDELIVERABLE)
    assert "unknown" in bad.text
    assert good.updated is not None
    assert abs((datetime.now(UTC) - good.updated).total_seconds()) < 60


def test_an_address_nobody_asked_for_is_not_known(asked: tuple[Gateway, Sink]) -> None:
    assert VerifyCache(asked[0].instance.programs).lookup("new@relay.test") is None


def test_everything_known_is_listed_without_verifys_own_notes(asked: tuple[Gateway, Sink]) -> None:
    cache = VerifyCache(asked[0].instance.programs)

    assert [one.address for one in cache.entries()] == ["bad@relay.test", "good@relay.test"]


def test_after_clearing_while_it_runs_postfix_asks_the_next_hop_again(asked: tuple[Gateway, Sink]) -> None:
    gateway, sink = asked
    cache = VerifyCache(gateway.instance.programs)
    probes = sink.commands.count("RCPT TO:<good@relay.test>")
    sink.script.rules.clear()

    assert cache.clear() == 2

    assert ask(gateway, "bad@relay.test") == 250
    assert ask(gateway, "good@relay.test") == 250
    wait_until(lambda: sum("good@relay.test" in one for one in sink.commands) > probes, "asked again")
    assert {one.status for one in cache.entries()} == {Status.DELIVERABLE}


def test_one_address_can_be_forgotten_alone(asked: tuple[Gateway, Sink]) -> None:
    cache = VerifyCache(asked[0].instance.programs)

    assert cache.clear(["bad@relay.test", "stranger@relay.test"]) == 1
    assert [one.address for one in cache.entries()] == ["good@relay.test"]


def test_what_is_known_survives_a_restart(asked: tuple[Gateway, Sink]) -> None:
    gateway, _ = asked
    assert gateway.instance.restart().good

    assert [one.address for one in VerifyCache(gateway.instance.programs).entries()] == [
        "bad@relay.test",
        "good@relay.test",
    ]


def test_a_large_cache_is_replaced_and_postfix_goes_on_with_the_empty_one(asked: tuple[Gateway, Sink]) -> None:
    gateway, sink = asked
    programs = gateway.instance.programs
    lines = "".join(f"u{n:05}@x.test\t0:1:1:250 ok\n" for n in range(400)).encode()
    programs.run("postmap", "-i", f"lmdb:{gateway.data}/verify_cache", stdin=lines)
    owner = (gateway.data / "verify_cache.lmdb").stat().st_uid
    cache = VerifyCache(programs)
    sink.script.rules.clear()

    assert cache.clear(reopen=gateway.instance.reload) == 402

    assert list(cache.entries()) == []
    assert ask(gateway, "bad@relay.test") == 250
    assert [one.address for one in cache.entries()] == ["bad@relay.test"]
    assert (gateway.data / "verify_cache.lmdb").stat().st_uid == owner


def test_a_small_cache_is_cleared_without_a_reload(asked: tuple[Gateway, Sink]) -> None:
    def never() -> None:
        raise AssertionError("reloaded")

    assert VerifyCache(asked[0].instance.programs).clear(reopen=never) == 2


@pytest.mark.parametrize("main", [{"address_verify_map": "lmdb:$data_directory/none"}, {"address_verify_map": ""}])
def test_without_a_cache_nothing_is_known(main: dict[str, str], gateway: Gateway) -> None:
    gateway.write(**main)
    cache = VerifyCache(gateway.instance.programs)

    assert cache.lookup("a@b.test") is None
    assert list(cache.entries()) == []
    assert cache.clear() == 0


def test_a_type_that_verify_locks_is_refused_with_what_to_do(gateway: Gateway) -> None:
    gateway.write(address_verify_map="btree:$data_directory/verify_cache")

    with pytest.raises(NodeFailed, match="Use lmdb"):
        VerifyCache(gateway.instance.programs).lookup("a@b.test")


def test_a_damaged_cache_is_an_error_and_not_an_empty_one(gateway: Gateway) -> None:
    gateway.write(address_verify_map="lmdb:$data_directory/verify_cache")
    gateway.instance.prepare()
    (gateway.data / "verify_cache.lmdb").write_bytes(b"this is no database" * 1000)

    with pytest.raises(NodeFailed, match="verify cache"):
        VerifyCache(gateway.instance.programs).lookup("a@b.test")


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("0:1669140862:1669140862:250 2.1.5 Ok", Status.DELIVERABLE),
        ("1:1669140862:0:connect: refused", Status.DEFERRED),
        ("2:0:1669140862:host said: 550: unknown", Status.UNDELIVERABLE),
        ("3:1669140862:0:Address verification in progress", Status.PENDING),
    ],
)
def test_an_entry_is_read_as_verify_writes_it(value: str, status: Status) -> None:
    found = entry("a@b.test", value)

    assert found is not None
    assert found.status is status
    assert value.endswith(found.text)


def test_a_time_of_zero_is_no_time() -> None:
    found = entry("a@b.test", "2:0:1669140862:x")

    assert found is not None
    assert found.probed is None


@given(st.text())
def test_what_is_no_entry_is_none(value: str) -> None:
    found = entry("a@b.test", value)

    assert found is None or value.endswith(found.text)


def test_the_neutral_programs_know_no_cache(programs: Programs) -> None:
    with pytest.raises(NodeFailed, match="btree"):
        VerifyCache(programs).lookup("a@b.test")
