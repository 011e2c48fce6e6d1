"""A minimal, complete private Postfix for tests of the adapter: directories, main.cf, master.cf, free ports.

It lives in a short directory below /tmp that every account may enter: Postfix's daemons run as the user postfix, and
names of Unix sockets end at 107 bytes.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path

from sealgate.postfix.files import HOT_SECONDS, Files
from sealgate.postfix.master import Instance, InstancePaths

SERVICES = """\
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
tlsmgr unix - - n 1000? 1 tlsmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Gateway:
    """Directories of one instance, and texts to put into them."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.conf, self.queue, self.data = top / "conf", top / "spool", top / "data"
        self.log = top / "log/mail.log"
        self.port = free_port()
        self.conf.mkdir()
        self.paths = InstancePaths(self.conf, self.queue, self.data, self.log)
        self.instance = Instance(self.paths)
        self.main = {
            "compatibility_level": "3.6",
            "queue_directory": str(self.queue),
            "data_directory": str(self.data),
            "maillog_file": str(self.log),
            "maillog_file_prefixes": str(top),
            "myhostname": "gw.example.test",
            "mydestination": "",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "all",
            "relay_domains": "relay.test",
            "parent_domain_matches_subdomains": "",
            "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
            "mynetworks": "10.0.0.0/8",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
            "notify_classes": "",
            "biff": "no",
            "enable_long_queue_ids": "yes",
            "service_throttle_time": "2s",
            "syslog_name": "gw",
        }
        self.master = f"127.0.0.1:{self.port} inet n - n - - smtpd\n{SERVICES}"

    def write(self, *, master: str | None = None, raw: str = "", **main: str | None) -> None:
        """Write main.cf and master.cf; keywords replace parameters (None leaves one out), `raw` is appended."""
        values = {name: value for name, value in (self.main | main).items() if value is not None}
        text = "".join(f"{name} = {value}\n" for name, value in values.items())
        files = Files(durable=False)
        files.write(self.conf / "main.cf", text + raw, age=HOT_SECONDS)
        files.write(self.conf / "master.cf", self.master if master is None else master)


@contextmanager
def gateway():
    top = Path(tempfile.mkdtemp(prefix="sg-", dir="/tmp"))
    top.chmod(0o755)
    made = Gateway(top)
    try:
        yield made
    finally:
        if os.path.lexists(made.queue):
            made.instance.stop()
        shutil.rmtree(top)
