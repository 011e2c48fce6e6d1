"""A whole gateway in an artificial world, driven as a person would: by the command `sealgate`, and by mail.

The gateway is the real thing: `sealgate init` and `sealgate up` with agent, Postfix and MPA on the real ports, inside a
network namespace whose internet is the test's own. What it shows people is what the tests read.
"""

from __future__ import annotations

import json
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tests.support.commands import Commands
from tests.support.dns import NameServer
from tests.support.namespaces import GATEWAY_V4, RESOLVER, World
from tests.support.sink import Received, Rule, Sink
from tests.support.smtp_client import Reply, SmtpClient, dot_stuff
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping

Key = TypeVar("Key")
SEALGATE = (sys.executable, "-c", "from sealgate.bootstrap import main; main()")
STRANGER, STRANGER_V6 = "203.0.113.9", "2001:db8:9::9"
PLAIN = b"From: <a@example.org>\r\nSubject: hello\r\n\r\nHello.\r\n"

SPELLINGS = [
    ("smtp.next.test", "198.51.100.31", 25),
    ("smtp.next.test --port 2525", "198.51.100.31", 2525),
    ("next.test --mx", "198.51.100.32", 25),
    ("next.test --mx --port 2526", "198.51.100.32", 2526),
    ("smtp.next.test --mx", "198.51.100.31", 25),
    ("198.51.100.33", "198.51.100.33", 25),
    ("198.51.100.33 --port 2527", "198.51.100.33", 2527),
    ("2001:db8:5::25", "2001:db8:5::25", 25),
    ("2001:db8:5::25 --port 2528", "2001:db8:5::25", 2528),
]
"""Ways to write a next hop in the terminal, each with the address and port where its mail arrives."""


class Gateway:
    """One gateway directory and, while it is up, its processes."""

    def __init__(self, directory: Path, world: World, commands: Commands) -> None:
        """Make the gateway; `up()` starts it."""
        self.directory, self.world, self.commands = directory, world, commands
        self._up: subprocess.Popen[bytes] | None = None
        self._told = 0
        self._applied: dict[str, int] = {}
        self.run("init", str(directory), "--smtp-port", "25", "--mpa-port", "10025", "--reinject-port", "10026")

    def run(self, *words: str, text: str = "", expect: int = 0) -> str:
        """Run `sealgate` with these words; return what it printed, or fail with all it said."""
        running = self.commands.start(*words, text=text, directory=self.directory)
        wait_until(running.ended, f"sealgate {shlex.join(words)} ends", 120)
        code, out, err = running.result()
        assert code == expect, f"sealgate {shlex.join(words)}: exit {code}\n{out}\n{err}"
        return out + err

    def json(self, *words: str, expect: int = 0) -> Any:
        """Run `sealgate … --json` and return what it answered."""
        return json.loads(self.run("--json", *words, expect=expect))

    def configure(self, commands: str) -> None:
        """Run one command a line (blank lines are skipped)."""
        for line in filter(None, map(str.strip, commands.splitlines())):
            self.run(*shlex.split(line))

    def apply(self, commands: str = "", *options: str) -> str:
        """Configure and apply."""
        self.configure(commands)
        return self.run("apply", "-m", "a test", *options)

    def up(self) -> None:
        """Start the gateway in its namespace and wait until it says that it runs."""
        command = self.world.gateway.command(*SEALGATE, "up", "--dir", str(self.directory))
        self._log = (self.directory.parent / "up.log").open("wb")
        self._up = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        wait_until(self._answers, "the gateway is up", 60)

    def _answers(self) -> bool:
        assert self._up is not None
        said = Path(self._log.name).read_text()
        assert self._up.poll() is None, f"sealgate up ended: {said}"
        return "Ctrl-C" in said

    def down(self, number: int = signal.SIGTERM) -> None:
        """Stop the gateway as Ctrl-C does."""
        if self._up is not None:
            self._up.send_signal(number)
            self._up.wait(60)
            self._log.close()
            self._up = None

    def mail_log(self) -> str:
        """Return Postfix's log so far, from the beginning of this test."""
        return self._mail_log().decode(errors="replace")[self._told :]

    def _mail_log(self) -> bytes:
        return (self.directory / "log" / "mail.log").read_bytes()

    def begin_again(self) -> None:
        """Be as at the start: revision 1 in force and in the draft, no mail in the queue, nothing remembered."""
        self.run("restore", "1", "--yes")
        self.run("rollback", "1")
        if self._spooled():
            self.run("queue", "delete", "--all", "--yes")
        if any((self.directory / "postfix" / "data").glob("verify_cache*")):
            self.run("verify-cache", "clear", "--yes")
        self._told = len(self._mail_log().decode(errors="replace"))

    def begin_with(self, commands: str) -> None:
        """Have what these commands say in force and in the draft, at the beginning of a test.

        The first test that asks for it applies it; later ones go back to its revision, which needs no rehearsal
        while the node keeps it.
        """
        if commands not in self._applied:
            self.apply(commands)
            self._applied[commands] = int(self.json("status")["newest_revision"])
            return
        revision = str(self._applied[commands])
        self.run("restore", revision, "--yes")
        self.run("rollback", revision)

    def _spooled(self) -> bool:
        """Tell whether the queue directories hold any file; mail under way is a file of the active queue."""
        spool = self.directory / "postfix" / "spool"
        queues = ("maildrop", "incoming", "active", "deferred", "hold", "corrupt")
        return any(path.is_file() for name in queues for path in (spool / name).rglob("*"))


class Story:
    """A world, its name server, a gateway, and the servers that the story puts into the internet."""

    def __init__(self, directory: Path) -> None:
        """Put up the world; the gateway is made and started, with nothing configured."""
        self._stack, self._scene = ExitStack(), ExitStack()
        try:
            self._begin(directory)
        except BaseException:
            self.close()
            raise

    def _begin(self, directory: Path) -> None:
        self.world = World(directory)
        self._stack.callback(self.world.close)
        self.dns = NameServer(self.world.internet, RESOLVER)
        self._stack.callback(self.dns.close)
        self._know_the_gateway()
        commands = self._stack.enter_context(Commands())
        self.gateway = Gateway(directory / "gw", self.world, commands)
        self._stack.callback(self.gateway.down)
        self.gateway.up()

    def _know_the_gateway(self) -> None:
        self.dns.add("gw.example.test", "A", GATEWAY_V4)

    def begin_again(self) -> None:
        """Be as at the start: no servers and clients, and a gateway with nothing configured."""
        self._scene.close()
        self.dns.forget()
        self._know_the_gateway()
        self.gateway.begin_again()

    def next_hop(
        self,
        address: str,
        port: int = 25,
        *,
        rules: Iterable[Rule] = (),
        tls: ssl.SSLContext | None = None,
        auth: bool = False,
    ) -> Sink:
        """Open a mail server at an address of the internet."""
        servers = self.world.listen(port, address)
        return self._scene.enter_context(Sink(server=servers[0], rules=rules, tls=tls, auth=auth))

    def know_the_next_hops(self) -> None:
        """Put the names of `SPELLINGS` into the DNS."""
        self.dns.add("smtp.next.test", "A", "198.51.100.31")
        self.dns.add("next.test", "MX", "10 mx.next.test")
        self.dns.add("mx.next.test", "A", "198.51.100.32")

    def client(self, address: str = STRANGER, port: int = 25, server: str = "") -> SmtpClient:
        """Connect to the gateway from an address; EHLO is said."""
        client = SmtpClient(self.world.connect(address, port, server))
        self._scene.callback(client.close)
        if client.banner.ok:
            client.ehlo()
        return client

    def rcpt(self, client: str, recipient: str, sender: str = "a@example.org") -> Reply:
        """Ask whether a recipient is taken from this client and sender; return the decisive reply."""
        with self.client(client) as session:
            reply = session.mail(sender)
            return session.rcpt(recipient) if reply.ok else reply

    def send(
        self,
        client: str,
        recipient: str,
        content: bytes = PLAIN,
        sender: str = "a@example.org",
        parameters: str = "",
    ) -> Reply:
        """Send a message; return the reply that decided (the last one when all was well)."""
        with self.client(client) as session:
            reply = session.mail(sender, parameters)
            reply = session.rcpt(recipient) if reply.ok else reply
            return session.data(dot_stuff(content)) if reply.ok else reply

    def reinjection(self) -> SmtpClient:
        """Connect to the re-injection listener as the MPA does, from loopback inside the gateway."""
        found = SmtpClient(self.world.gateway.inside(lambda: socket.create_connection(("127.0.0.1", 10026), 30)))
        found.ehlo()
        return found

    def deferred(self, reason: str) -> str:
        """Wait until mail is deferred for a reason that contains these words; return the line of the log."""

        def find() -> str:
            lines = self.gateway.mail_log().splitlines()
            return next((line for line in lines if "status=deferred" in line and reason in line), "")

        return str(wait_until(find, f"mail is deferred: {reason}"))

    def close(self) -> None:
        """End everything."""
        self._scene.close()
        self._stack.close()


def arrived(sink: Sink, marker: bytes) -> Received:
    """Return the message that contains the marker once the sink has it."""

    def find() -> Received | None:
        return next((message for message in list(sink.messages) if marker in message.content), None)

    found = wait_until(find, f"{marker!r} arrives")
    assert isinstance(found, Received)
    return found


def destinations(sinks: Mapping[Key, Sink], markers: Iterable[str]) -> dict[str, list[Key]]:
    """Return for each subject where it arrived, once all have or the time for that is over."""

    def found() -> dict[str, list[Key]]:
        lines = {marker: b"Subject: " + marker.encode() + b"\r\n" for marker in markers}
        return {
            marker: [key for key, sink in sinks.items() for message in list(sink.messages) if line in message.content]
            for marker, line in lines.items()
        }

    with suppress(AssertionError):
        wait_until(lambda: all(found().values()), "all mail arrives")
    return found()


def subject(marker: str) -> bytes:
    """Return a message with this subject."""
    return b"From: <a@example.org>\r\nSubject: " + marker.encode() + b"\r\n\r\nHello.\r\n"
