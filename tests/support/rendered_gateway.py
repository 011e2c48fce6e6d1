"""A whole gateway from a desired state: rendered, run by a real Postfix, filtered by a real MPA, for tests.

Clients of any address come in by the Unix-socket smtpd `probe` with XCLIENT, which an own line adds; it has the limits
of a public listener. Names are answered by the test's own name server, so nothing leaves the machine.

    with Sink() as sink, rendered_gateway(state({"internal-relay-host": f"127.0.0.1:{sink.port}"})) as gateway:
        gateway.rcpt("203.0.113.9", "user@relay.example")
"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.support.dns_server import DnsServer
from tests.support.mpa_program import MpaProgram
from tests.support.ports import lease_port
from tests.support.release import Release, released
from tests.support.smtp_client import Reply, SmtpClient

from sealgate.model.parameters import OwnLines
from sealgate.render import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.support.postfix_instance import PostfixInstance

    from sealgate.model.desired import DesiredState

STRANGER = "192.0.2.200"


@dataclass
class RenderedGateway:
    """The running parts."""

    release: Release
    postfix: PostfixInstance
    mpa: MpaProgram
    dns: DnsServer

    @contextmanager
    def client(self, address: str = STRANGER, *, helo: str = "client.example") -> Iterator[SmtpClient]:
        """Give a session of a client with that address, after its EHLO."""
        with SmtpClient(self.postfix.socket_path("probe"), timeout=120) as client:
            client.ehlo(helo)
            client.xclient(address, helo=helo)
            yield client

    def rcpt(self, address: str, recipient: str, sender: str = "someone@out.example", **more: str) -> Reply:
        """Ask whether a client may send to a recipient; the answer is the reply to RCPT or to what failed before it."""
        with self.client(address, **more) as client:
            reply = client.mail(sender, "" if (sender + recipient).isascii() else "SMTPUTF8")
            return client.rcpt(recipient) if reply.ok else reply

    def send(
        self,
        content: bytes,
        recipient: str,
        *,
        address: str = STRANGER,
        sender: str = "someone@out.example",
        **more: str,
    ) -> Reply:
        """Send a message; the answer is the reply to its final dot."""
        with self.client(address) as client:
            return client.deliver(sender, [recipient], content, **more)


@contextmanager
def rendered_gateway(
    desired: DesiredState,
    *,
    records: Mapping[tuple[str, str], Sequence[str]] | None = None,
    secrets: Mapping[str, str] | None = None,
    start_mpa: bool = True,
    verbose: bool = False,
    **facts: object,
) -> Iterator[RenderedGateway]:
    """Run the gateway of a state; `records` are all the DNS there is, `secrets` what sealed names open to.

    `verbose`: the probe listener tells in the log what it does.
    """
    with ExitStack() as stack:
        dns = stack.enter_context(DnsServer(records))
        reinject = Endpoint("127.0.0.1", lease_port())
        mpa = stack.enter_context(MpaProgram.temporary(str(reinject)))
        changes = {"reinject": reinject, "mpa": Endpoint("127.0.0.1", mpa.port), **facts}
        release = stack.enter_context(released(with_probe(desired, verbose=verbose), secrets=secrets, **changes))
        assert not release.complaints
        policy = release.tree.text("policy.json").shown
        mpa.write_policy(**json.loads(policy))
        postfix = release.start(dns.prefix())
        stack.callback(postfix.stop)
        if start_mpa:
            mpa.start()
        yield RenderedGateway(release, postfix, mpa, dns)


def with_probe(desired: DesiredState, *, verbose: bool = False) -> DesiredState:
    """Return the state with the probe listener among its own lines of master.cf."""
    limit = desired.settings.before_filter_size_limit
    told = " -v" if verbose else ""
    probe = (
        f"probe unix n - n - - smtpd{told} -o smtpd_authorized_xclient_hosts=127.0.0.1 -o message_size_limit={limit}\n"
    )
    return replace(desired, master_cf=OwnLines(desired.master_cf.text + probe))
