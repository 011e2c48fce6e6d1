"""A throw-away Postfix: own configuration, queue and data directory, own log, nothing of the system touched.

It runs `master -c` directly (ready in some 40 ms) as root and collects Postfix's log itself, or reads
`maillog_file` when the configuration has a `postlog` service. It binds only what its master.cf names.
Stopping it leaves no process. The directories live in `/tmp/sg-…` rather than under tmp_path, because
processes of the user postfix must be able to reach them and socket names are short (108 bytes).

    with PostfixInstance.temporary() as postfix:
        postfix.configure({"mydestination": ""}, ["probe unix n - n - - smtpd", *STOCK_SERVICES])
        postfix.start()
        SmtpClient(postfix.socket_path("probe"))

Rules come from master(8), postlogd(8) and measurements with Postfix 3.7.11.
"""

from __future__ import annotations

import fcntl
import grp
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MASTER = "/usr/lib/postfix/sbin/master"

# What any instance that queues and delivers mail needs besides its own listeners. chroot is `n` throughout.
STOCK_SERVICES = (
    "pickup unix n - n 60 1 pickup",
    "cleanup unix n - n - 0 cleanup",
    "qmgr unix n - n 300 1 qmgr",
    "tlsmgr unix - - n 1000? 1 tlsmgr",
    "rewrite unix - - n - - trivial-rewrite",
    "bounce unix - - n - 0 bounce",
    "defer unix - - n - 0 bounce",
    "trace unix - - n - 0 bounce",
    "verify unix - - n - 1 verify",
    "flush unix n - n 1000? 0 flush",
    "proxymap unix - - n - - proxymap",
    "proxywrite unix - - n - 1 proxymap",
    "smtp unix - - n - - smtp",
    "relay unix - - n - - smtp",
    "showq unix n - n - - showq",
    "error unix - - n - - error",
    "retry unix - - n - - error",
    "discard unix - - n - - discard",
    "lmtp unix - - n - - lmtp",
    "anvil unix - - n - 1 anvil",
    "scache unix - - n - 1 scache",
)

_MINIMUM = {
    "compatibility_level": "3.6",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "all",
    "myhostname": "gw.example.test",
    "mydestination": "",
    "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
    "alias_maps": "",
    "alias_database": "",
    "notify_classes": "",
    "biff": "no",
    "enable_long_queue_ids": "yes",
    "service_throttle_time": "2s",
}

_MAILDIRS = [
    *("active", "bounce", "corrupt", "defer", "deferred", "flush"),
    *("hold", "incoming", "private", "saved", "trace"),
]


class PostfixInstance:
    """One Postfix in the directories `conf`, `queue` and `data`; the caller owns the directories."""

    def __init__(self, conf: Path, queue: Path, data: Path) -> None:
        self.conf, self.queue, self.data = conf, queue, data
        self.log: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._log_socket: socket.socket | None = None
        self._make_directories()

    @classmethod
    @contextmanager
    def temporary(cls) -> Iterator[PostfixInstance]:
        """Give an instance in fresh directories; at the end stop it and remove them."""
        root = Path(tempfile.mkdtemp(prefix="sg-", dir="/tmp"))
        root.chmod(0o755)
        for name in ("conf", "queue", "data"):
            (root / name).mkdir(mode=0o755)
        instance = cls(root / "conf", root / "queue", root / "data")
        try:
            yield instance
        finally:
            instance.stop()
            shutil.rmtree(root, ignore_errors=True)

    def _make_directories(self) -> None:
        postfix, postdrop = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
        os.chown(self.data, postfix, 0)
        wanted = [(name, 0o700, postfix, 0) for name in _MAILDIRS]
        wanted += [("maildrop", 0o1730, postfix, postdrop), ("public", 0o2710, postfix, postdrop)]
        for name, mode, user, group in [*wanted, ("pid", 0o755, 0, 0)]:
            path = self.queue / name
            path.mkdir(exist_ok=True)
            os.chown(path, user, group)
            path.chmod(mode)

    # configuration

    def configure(self, parameters: Mapping[str, str], services: Iterable[str]) -> None:
        """Write main.cf (a working minimum that `parameters` override) and master.cf (`services`)."""
        paths = {
            "queue_directory": str(self.queue),
            "data_directory": str(self.data),
            "maillog_file": "/var/log/never-written",
        }
        values = {**_MINIMUM, **paths, **parameters}
        self.write("main.cf", "".join(f"{name} = {value}\n" for name, value in values.items()))
        self.write("master.cf", "".join(f"{line}\n" for line in services))

    def write(self, name: str, text: str) -> Path:
        """Write a file of the configuration directory, back-dated so that Postfix trusts it at once."""
        path = self.conf / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        back_date(path)
        return path

    def table(self, name: str, rows: Mapping[str, str]) -> str:
        """Build an lmdb table; return its `lmdb:/path` name."""
        path = self.write(name, "".join(f"{key} {value}\n" for key, value in rows.items()))
        self.run("postmap", f"lmdb:{path}")
        return f"lmdb:{path}"

    # life

    def start(self, prefix: Iterable[str] = ()) -> None:
        """Start master and return once it answers; `prefix` is a command that runs it, such as unshare."""
        back_date(self.conf / "main.cf")
        environment = dict(os.environ, POSTLOG_HOSTNAME="staged")
        if not self._has_postlogd():
            environment["POSTLOG_SERVICE"] = self._own_the_log()
        self._process = subprocess.Popen(
            [*prefix, MASTER, "-c", str(self.conf)],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        wait_until(self._master_is_up, "Postfix's master runs")

    def _master_is_up(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise AssertionError("Postfix did not start:\n" + "\n".join(self.lines()[-20:]))
        return any("daemon started" in line for line in self.lines())

    @property
    def pid(self) -> int:
        """The process id of master (or of the prefix command)."""
        assert self._process is not None
        return self._process.pid

    def reload(self) -> None:
        """Make the running instance read its configuration again."""
        back_date(self.conf / "main.cf")
        os.kill(self.pid, signal.SIGHUP)

    def stop(self) -> None:
        """End all processes; safe to repeat."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGTERM)
            self._process.wait(20)
        self._process = None
        with (self.queue / "pid/master.pid").open() as lock:
            wait_until(lambda: _lockable(lock.fileno()), "the last Postfix process ended")
        if self._log_socket is not None:
            path = self.queue / "public/postlog"
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
                end.sendto(b"end", str(path))
            path.unlink()
            self._log_socket = None

    def socket_path(self, name: str) -> str:
        """Return the path of a Unix-socket service; it lies in public/ when master.cf says not private."""
        public = self.queue / "public" / name
        return str(public if public.exists() else self.queue / "private" / name)

    # looking

    def lines(self) -> list[str]:
        """Return the log so far, one text line each."""
        if self._log_socket is None and self._has_postlogd():
            path = Path(self.run("postconf", "-hx", "maillog_file").strip())
            return path.read_text(errors="replace").splitlines() if path.exists() else []
        return list(self.log)

    def problems(self) -> list[str]:
        """Return the log lines that are warnings or worse."""
        return [line for line in self.lines() if re.search(r"\]: (warning|error|fatal|panic): ", line)]

    def wait_for_log(self, pattern: str, seconds: float = 30.0) -> re.Match[str]:
        """Return the first match of `pattern` in any log line, waiting for it."""

        def found() -> re.Match[str] | None:
            return next((m for line in self.lines() if (m := re.search(pattern, line))), None)

        match = wait_until(found, f"a log line matches {pattern}", seconds)
        assert isinstance(match, re.Match)
        return match

    def messages(self) -> list[dict[str, object]]:
        """Return what is in the queue, as `postqueue -j` tells it."""
        return [json.loads(line) for line in self.run("postqueue", "-j").splitlines()]

    def run(self, program: str, *arguments: str, stdin: bytes = b"") -> str:
        """Run a Postfix command on this instance; return its output, raise when it fails."""
        done = subprocess.run(
            [program, "-c", str(self.conf), *arguments] if program != "sendmail" else [program, *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env=dict(os.environ, MAIL_CONFIG=str(self.conf)),
        )
        if done.returncode:
            raise AssertionError(f"{program} {arguments}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode(errors="replace")

    # the log

    def _has_postlogd(self) -> bool:
        return re.search(r"^postlog\s", (self.conf / "master.cf").read_text(), re.MULTILINE) is not None

    def _own_the_log(self) -> str:
        path = str(self.queue / "public/postlog")
        self._log_socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._log_socket.bind(path)
        Path(path).chmod(0o666)
        threading.Thread(target=self._drain, args=(self._log_socket,), daemon=True).start()
        return path

    def _drain(self, log: socket.socket) -> None:
        # Postfix blocks when ten lines wait: they are taken out at once.
        with log:
            while (line := log.recv(65536)) != b"end":
                self.log.append(line.decode("utf-8", "replace").rstrip())


def back_date(path: Path, seconds: float = 10.0) -> None:
    """Make a file look older: Postfix waits until a main.cf is two seconds old."""
    then = time.time() - seconds
    os.utime(path, (then, then))


def _lockable(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True
