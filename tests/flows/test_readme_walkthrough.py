"""The README is true: its shell blocks, word for word, on a gateway in a network of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"

pytestmark = pytest.mark.flow


def blocks() -> list[str]:
    """The README's blocks that are marked as shell, in order."""
    return re.findall(r"^```sh\n(.*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)


class Scene:
    """A network namespace with a running gateway in it, and a directory laid out as after `./run`."""

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
        self.sealgate("init", place / "var/gateway")
        self.gateway = subprocess.Popen(
            [*self.inside, launcher, "up"], env=self.environment, stdout=subprocess.PIPE, text=True
        )

    @property
    def inside(self) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.network.pid}/ns/net"]

    def sealgate(self, *arguments: object) -> None:
        command = [*self.inside, str(self.place / "var/bin/sealgate"), *map(str, arguments)]
        subprocess.run(command, env=self.environment, check=True, timeout=60)

    def said_at_start(self) -> str:
        assert self.gateway.stdout is not None
        said = ""
        for line in self.gateway.stdout:
            said += line
            if "Ctrl-C" in line:
                return said
        raise AssertionError(f"the gateway did not come up:\n{said}\n{self.log()}")

    def log(self) -> str:
        return (self.place / "var/gateway/log/sealgate.log").read_text("utf-8")

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

    def close(self) -> None:
        self.gateway.send_signal(signal.SIGINT)
        try:
            self.gateway.communicate(timeout=90)
        finally:
            self.gateway.kill()
            self.network.kill()
            self.network.communicate()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.close()


def test_the_readme_can_be_followed_word_for_word(scene: Scene) -> None:
    assert "every address port 2525" in scene.said_at_start()

    said = scene.shell("\n".join(blocks()))

    assert "Subject: hello" in said
    assert "refused, as it should be" in said
    assert "no more get-rich mail" in said


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8"))

    assert [link for link in links if not (ROOT / link).exists()] == []
