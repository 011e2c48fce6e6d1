"""A trial gateway in a network namespace of its own, laid out as after `./run`; every port may be the real one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.support.waiting import wait_until

from sealgate.bootstrap.running import Running


class Trial:
    """A gateway directory, the launcher `var/bin/sealgate`, a network of its own, and the program that is up."""

    def __init__(self, place: Path) -> None:
        self.place = place
        launcher = place / "var/bin/sealgate"
        launcher.parent.mkdir(parents=True)
        launcher.write_text(
            f'#!/bin/sh\nSEALGATE_DIR={place}/var/gateway exec {sys.executable} -P -m sealgate.bootstrap "$@"\n'
        )
        launcher.chmod(0o755)
        self.environment = {
            "HOME": str(place),
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        self.network = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep infinity"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.network.stdout is not None
        assert self.network.stdout.readline() == "up\n"
        self.directory = place / "var/gateway"
        self.sealgate("init", self.directory)
        self.up()

    def up(self) -> None:
        """Start the gateway; `said_at_start` waits for it."""
        self.output = self.place / "up.log"
        with self.output.open("wb") as output:
            command = [*self.inside, str(self.place / "var/bin/sealgate"), "up"]
            self.gateway = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    @property
    def inside(self) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.network.pid}/ns/net"]

    def sealgate(self, *arguments: object) -> str:
        """Run a verb that must succeed; return what it answered."""
        command = [*self.inside, str(self.place / "var/bin/sealgate"), *map(str, arguments)]
        run = subprocess.run(command, env=self.environment, check=True, timeout=60, capture_output=True, text=True)
        return run.stdout

    def said_at_start(self) -> str:
        """Wait until the gateway is up; return what it said."""

        def said() -> str:
            text = self.output.read_text("utf-8")
            assert self.gateway.poll() is None, f"the gateway did not come up:\n{text}\n{self.log()}"
            return text if "Ctrl-C" in text else ""

        return str(wait_until(said, "the gateway is up", 120))

    def log(self) -> str:
        return (self.directory / "log/sealgate.log").read_text("utf-8")

    def shell(self, script: str) -> str:
        """Run a script as a person would type it, ending at the first command that fails; return what was said."""
        told = self.place / "told"
        with told.open("wb") as output:
            shell = subprocess.Popen(
                [*self.inside, "bash", "-e", "-u", "-o", "pipefail", "-c", script],
                cwd=self.place,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            try:
                code = shell.wait(150)
            except subprocess.TimeoutExpired:
                code = -1
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(shell.pid, signal.SIGKILL)  # with what the script left in the background
                shell.wait()
        text = told.read_text("utf-8")
        assert code == 0, f"code {code} after:\n{text}"
        return text

    def down(self, number: signal.Signals = signal.SIGINT) -> str:
        """Stop the gateway with a signal; return all that it said."""
        self.gateway.send_signal(number)
        self.gateway.wait(120)
        return self.output.read_text("utf-8")

    def part(self, name: str) -> Running | None:
        """Return the process that runs a part now, by its note."""
        return Running.noted(self.directory / f"run/{name}.pid")

    def processes(self) -> set[str]:
        """Return the names of the programs that run in this network, but for the one that keeps it."""
        home = Path(f"/proc/{self.network.pid}/ns/net").stat().st_ino
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != self.network.pid:
                with suppress(OSError):
                    if (entry / "ns/net").stat().st_ino == home:
                        found.add((entry / "comm").read_text().strip())
        return found

    def close(self) -> None:
        """Stop everything, also what a test left behind."""
        if self.gateway.poll() is None:
            self.down()
        for name in ("web", "scheduler", "mpa", "agent"):
            if (left := self.part(name)) is not None:
                left.send(signal.SIGTERM)
                left.ended_within(60)
        self.network.kill()
        self.network.communicate()
