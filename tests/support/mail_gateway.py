"""A gateway in small for tests of mail flow: a real Postfix that filters through a real MPA, written by hand.

The tables below are the settings that the design asks of the configuration, one entry each, so that a test can leave
one out or change it and show what it is for. Strangers come in by the Unix-socket smtpd `probe` with XCLIENT.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.mpa_program import MpaProgram
from tests.support.ports import lease_port
from tests.support.postfix_instance import STOCK_SERVICES, PostfixInstance
from tests.support.smtp_client import SmtpClient
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.sink import Sink

# main.cf
MAIN = {
    "relay_domains": "example.test",
    "smtpd_forbid_bare_newline": "normalize",
    "smtpd_forbid_bare_newline_exclusions": "",
    "smtpd_forbid_unauth_pipelining": "yes",
    "smtpd_data_restrictions": "reject_unauth_pipelining",
    "mpa_destination_recipient_limit": "1000",
    "mpa_destination_concurrency_failed_cohort_limit": "1000",
    "smtp_line_length_limit": "0",
    "message_size_limit": "100000000",
    "disable_vrfy_command": "yes",
    "bounce_queue_lifetime": "1h",
}

# options of the `mpa` transport in master.cf
TRANSPORT = {
    "lmtp_send_xforward_command": "yes",
    "lmtp_line_length_limit": "0",
    "lmtp_dns_support_level": "disabled",
    "lmtp_tls_security_level": "none",
    "lmtp_tls_policy_maps": "",
    "lmtp_sasl_auth_enable": "no",
    "lmtp_generic_maps": "",
    "lmtp_header_checks": "",
    "lmtp_data_done_timeout": "1200s",
}

# options of the re-injection smtpd in master.cf
REINJECTION = {
    "content_filter": "",
    "mynetworks": "127.0.0.0/8",
    "smtpd_authorized_xforward_hosts": "127.0.0.0/8",
    "local_header_rewrite_clients": "",
    "smtpd_client_restrictions": "",
    "smtpd_helo_restrictions": "",
    "smtpd_helo_required": "no",
    "smtpd_sender_restrictions": "",
    "smtpd_relay_restrictions": "permit_mynetworks,reject",
    "smtpd_recipient_restrictions": "permit_mynetworks,reject",
    "smtpd_data_restrictions": "",
    "smtpd_end_of_data_restrictions": "",
    "smtpd_error_sleep_time": "0",
    "smtpd_client_connection_count_limit": "0",
    "smtpd_client_connection_rate_limit": "0",
    "receive_override_options": "no_unknown_recipient_checks,no_header_body_checks,no_address_mappings,no_milters",
}

PROBE = "probe unix n - n - - smtpd -o smtpd_authorized_xclient_hosts=127.0.0.1"


def options(settings: Mapping[str, str]) -> str:
    """Write settings as `-o` options of a master.cf entry."""
    return " ".join(f"-o {name}={value}" for name, value in settings.items())


def changed(settings: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return settings with some changed; None leaves one out, so Postfix's default holds."""
    return {name: value for name, value in {**settings, **changes}.items() if value is not None}


@dataclass
class Gateway:
    """The running parts."""

    postfix: PostfixInstance
    mpa: MpaProgram

    @contextmanager
    def stranger(self, address: str = "203.0.113.9", name: str = "[UNAVAILABLE]") -> Iterator[SmtpClient]:
        """Give a session of a client from elsewhere, after its EHLO."""
        with SmtpClient(self.postfix.socket_path("probe"), timeout=120) as client:
            client.ehlo()
            client.xclient(address, name)
            yield client

    def send(self, content: bytes, *, sender: str = "sender@out.example", to: str = "rcpt@example.test") -> None:
        """Send one message as a stranger and demand its acceptance."""
        with self.stranger() as client:
            reply = client.deliver(sender, [to], content, mail="BODY=8BITMIME")
            assert reply.code == 250, reply

    def flush_until(self, condition: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
        """Flush the queue, as is done whenever the MPA starts, and again until the condition holds.

        Once is not always enough: the queue manager skips a message that is just being deferred.
        """
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"after {seconds:g} s of flushing still not: {what}"
            self.postfix.run("postqueue", "-f")
            with suppress(AssertionError):
                wait_until(condition, what, 1)


@contextmanager
def mail_gateway(
    sink: Sink,
    *,
    main: Mapping[str, str | None] | None = None,
    transport: Mapping[str, str | None] | None = None,
    reinjection: Mapping[str, str | None] | None = None,
    probe: Mapping[str, str] | None = None,
    reinjection_processes: int = 20,
    workers: int = 1,
    start_mpa: bool = True,
    **policy: object,
) -> Iterator[Gateway]:
    """Run a gateway whose next hop for everything is `sink`; the mappings change the tables above."""
    with ExitStack() as stack:
        postfix = stack.enter_context(PostfixInstance.temporary())
        reinject = lease_port()
        mpa = stack.enter_context(MpaProgram.temporary(f"127.0.0.1:{reinject}", workers, **policy))
        hop = f"[127.0.0.1]:{sink.port}"
        back = options(changed(REINJECTION, reinjection or {}))
        postfix.configure(
            changed(
                {
                    **MAIN,
                    "content_filter": f"mpa:inet:127.0.0.1:{mpa.port}",
                    "relay_transport": f"relay:{hop}",
                    "default_transport": f"smtp:{hop}",
                },
                main or {},
            ),
            [
                f"{PROBE} {options(probe or {})}",
                f"127.0.0.1:{reinject} inet n - n - {reinjection_processes} smtpd {back}",
                f"mpa unix - - n - 8 lmtp {options(changed(TRANSPORT, transport or {}))}",
                *STOCK_SERVICES,
            ],
        )
        postfix.start()
        if start_mpa:
            mpa.start()
        yield Gateway(postfix, mpa)


@contextmanager
def plain_hop(sink: Sink, *, main: Mapping[str, str | None] | None = None) -> Iterator[PostfixInstance]:
    """Run a Postfix that filters nothing and relays to `sink`: the measure of what a mere hop does to a message."""
    with PostfixInstance.temporary() as postfix:
        settings = {**MAIN, "relay_transport": f"relay:[127.0.0.1]:{sink.port}"}
        postfix.configure(changed(settings, main or {}), [PROBE, *STOCK_SERVICES])
        postfix.start()
        yield postfix
