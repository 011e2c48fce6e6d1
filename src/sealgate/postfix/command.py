"""Starting Postfix programs: the only module of the adapter that does.

A program is started by argument list with a clean environment, a directory of configuration that is always named, a
time limit, and its stdin, stdout and stderr taken in full. The exit status alone proves nothing (`postmap` ends with
0 after skipping lines, `postfix check` with 1 and no text), so a `Result` carries every line said, read into
complaints.

Never: a shell, the caller's environment, a secret on the argument list (keys and values go through stdin). Sources:
postconf(1), postmap(1), master(8), "import_environment" in postconf(5).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sealgate.model.errors import NodeFailed
from sealgate.postfix.complaints import Complaint, Level, stderr_complaints
from sealgate.postfix.logfile import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

ADMIN_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
MasterProcess = subprocess.Popen[bytes]

KEPT_STDERR = 1 << 20
"""Bytes of stderr that are kept; a table with a million bad lines would say a hundred times that."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of a program gave. `status` is negative for a signal; `timed_out` means that we ended it."""

    command: tuple[str, ...]
    status: int
    output: str
    stderr: tuple[str, ...]
    seconds: float
    timed_out: bool = False

    @property
    def complaints(self) -> tuple[Complaint, ...]:
        """Every line of stderr, and one more when the program failed without a word or ran out of time."""
        said = stderr_complaints(self.stderr)
        if self.timed_out:
            late = f"{self.command[0]} did not finish in {self.seconds:.1f} s and was ended"
            return (*said, Complaint(Level.FATAL, late, self.command[0]))
        if self.status < 0:
            text = f"{self.command[0]} was ended by signal {-self.status}"
            return (*said, Complaint(Level.FATAL, text, self.command[0]))
        return said

    @property
    def failed(self) -> bool:
        """Whether it ended badly: a status other than 0, a signal, or the time limit."""
        return self.timed_out or self.status != 0


def environment(config_dir: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the whole environment of a Postfix program: nothing of the caller's but the time zone."""
    base = {"PATH": ADMIN_PATH, "LC_ALL": "C", "MAIL_CONFIG": str(config_dir)}
    if "TZ" in os.environ:
        base["TZ"] = os.environ["TZ"]
    return base | dict(extra or {})


@dataclass(frozen=True, slots=True)
class Programs:
    """The installed programs of Postfix, run with one directory of configuration.

    `config_dir` holds a main.cf older than two seconds, else every program waits for it (postfix.md fact 1).
    `daemon_dir` is where master and the daemons are, `command_dir` where postconf and its like are.
    """

    config_dir: Path
    command_dir: Path = Path("/usr/sbin")
    daemon_dir: Path = Path("/usr/lib/postfix/sbin")
    extra: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        program: str,
        *arguments: str,
        stdin: bytes | Iterable[bytes] = b"",
        timeout: float = 30.0,
        keep: int = -1,
    ) -> Result:
        """Run `program -c CONFIG arguments…` to its end, feeding it `stdin` as it is produced.

        Of its output `keep` bytes are kept (-1: all).
        Raises NodeFailed when the program is not installed. Whatever the program itself does is in the result.
        """
        command = self._command(program, arguments)
        started = time.monotonic()
        with _memory("stdout") as out, _memory("stderr") as err:
            process = self._spawn(command, stdin=subprocess.PIPE, stdout=out, stderr=err)
            limit = _TimeLimit(process, timeout)
            with limit:
                _feed(process, (stdin,) if isinstance(stdin, bytes) else stdin)
                process.wait()
            return Result(
                (program, *command[1:]),
                process.returncode,
                _content(out, keep).decode("utf-8", "surrogateescape"),
                tuple(lines_of(_content(err, KEPT_STDERR))),
                time.monotonic() - started,
                limit.expired,
            )

    def stream(self, program: str, *arguments: str, timeout: float = 60.0) -> Iterator[str]:
        """Run a program and give its output line by line while it runs; for output too large to hold.

        Raises NodeFailed, after the last line, when it ended badly; closing the iterator early ends the program.
        """
        command = self._command(program, arguments)
        with _memory("stderr") as err:
            process = self._spawn(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err)
            limit = _TimeLimit(process, timeout)
            try:
                with limit:
                    assert process.stdout is not None  # noqa: S101 - asked for above
                    for line in process.stdout:
                        yield line.decode("utf-8", "replace").rstrip("\n")
                    process.wait()
            finally:
                _end(process)
            if process.returncode != 0:
                said = "; ".join(lines_of(_content(err, KEPT_STDERR))) or f"status {process.returncode}"
                raise NodeFailed(f"{program} failed: {said}")

    def start_master(
        self, *arguments: str, log_socket: Path | None = None, stdin: int = subprocess.DEVNULL
    ) -> MasterProcess:
        """Start the master daemon in a session of its own, and return at once.

        `log_socket` takes what is said before main.cf is read (fact 5); the caller owns and drains it.
        """
        extra = dict(self.extra)
        if log_socket is not None:
            extra |= {"POSTLOG_SERVICE": str(log_socket), "POSTLOG_HOSTNAME": os.uname().nodename}
        command = [str(self.daemon_dir / "master"), "-c", str(self.config_dir), *arguments]
        try:
            return subprocess.Popen(
                command,
                env=environment(self.config_dir, extra),
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
        except OSError as failure:
            raise _not_started(command[0], failure) from failure

    def _command(self, program: str, arguments: Sequence[str]) -> list[str]:
        return [str(self.command_dir / program), "-c", str(self.config_dir), *arguments]

    def _spawn(
        self, command: list[str], *, stdin: int, stdout: int | BinaryIO, stderr: BinaryIO
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                command,
                env=environment(self.config_dir, self.extra),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                cwd="/",
            )
        except OSError as failure:
            raise _not_started(command[0], failure) from failure


class _TimeLimit:
    """Ends a process and its children when the time is over; `expired` tells that it did."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.expired = False
        self._process = process
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _expire(self) -> None:
        if self._process.poll() is None:
            self.expired = True
            _end(self._process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _feed(process: subprocess.Popen[bytes], chunks: Iterable[bytes]) -> None:
    """Write all chunks; a program that ended early is no error here, its own words tell why."""
    assert process.stdin is not None  # noqa: S101 - asked for by run
    try:
        with contextlib.suppress(BrokenPipeError):
            for chunk in chunks:
                process.stdin.write(chunk)
            process.stdin.flush()
    except BaseException:
        _end(process)
        raise
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def _memory(name: str) -> BinaryIO:
    return os.fdopen(os.memfd_create(name, os.MFD_CLOEXEC), "w+b", buffering=0)


def _content(file: BinaryIO, limit: int = -1) -> bytes:
    file.seek(0)
    return file.read(limit)


def _not_started(program: str, failure: OSError) -> NodeFailed:
    return NodeFailed(f"{program} cannot be started: {failure.strerror}. Is Postfix installed?")
