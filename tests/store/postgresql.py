"""A PostgreSQL of the tests' own: made in a directory that vanishes, heard on a Unix socket there only."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from sealgate.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEADLINE = 60
_TEMPLATE = "sealgate_template"
_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "40",
    "shared_buffers": "64MB",
}


def programs() -> Path:
    """Return the directory of the newest PostgreSQL server installed."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max(found, key=lambda path: int(re.sub(r"\D.*", "", path.parts[-3]) or 0)).parent


def _unprivileged() -> list[str]:
    """Return what to put before a command so that it does not run as root, which the server refuses."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam("postgres")
    return [
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--pdeathsig=INT",
    ]


class Server:
    """A running server; gives databases by address."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = count(1)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._directory}"

    def prepare(self) -> None:
        """Make the database that others are copied from."""
        self.empty(_TEMPLATE)
        Store.open(self.url(_TEMPLATE)).close()

    def empty(self, name: str) -> str:
        self._maintain(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def fresh(self) -> tuple[str, str]:
        """Return name and address of a new database in the newest shape."""
        name = f"test{next(self._numbers)}"
        self._maintain(f'CREATE DATABASE "{name}" TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY')
        return name, self.url(name)

    def drop(self, name: str) -> None:
        self._maintain(f'DROP DATABASE "{name}" WITH (FORCE)')

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(host=str(self._directory), user="postgres", dbname=database, autocommit=True)

    def _maintain(self, statement: str) -> None:
        with self.connect() as connection:
            connection.execute(statement)


@contextmanager
def running() -> Iterator[Server]:
    directory = Path(tempfile.mkdtemp(prefix="sg-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, "postgres", "postgres")
        with _process(directory) as process:
            server = Server(directory)
            _wait_for(server, process)
            server.prepare()
            yield server
    finally:
        shutil.rmtree(directory)


@contextmanager
def _process(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    prefix, data = _unprivileged(), directory / "data"
    subprocess.run(
        [
            *prefix,
            programs() / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ],
        check=True,
        capture_output=True,
        cwd="/",
    )
    settings = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [*prefix, programs() / "postgres", "-D", data, "-k", directory, *settings],
            stdout=log,
            stderr=log,
            cwd="/",
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(_DEADLINE)


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _DEADLINE
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            assert process.poll() is None, "PostgreSQL did not start"
            assert time.monotonic() < end, "PostgreSQL did not answer in time"
            time.sleep(0.05)
        else:
            return
