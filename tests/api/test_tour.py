"""The tour in docs/api.md is true: its commands are run by a shell with curl, and answer as it says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.api.conftest import token_of
from tests.support.accounts import person
from tests.support.answering_agent import RELEASE

from sealgate.link.messages import Outcome, State

if TYPE_CHECKING:
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text("utf-8")
TOUR = re.findall(r"```sh\n(.*?)```\n```text\n(.*?)```", PAGE, re.DOTALL)
CUT = "---- cut ----"


def as_pattern(expected: str) -> str:
    """Return what is expected as a pattern, in which `…` stands for anything."""
    return ".*".join(re.escape(part) for part in expected.strip().split("…"))


def test_every_command_of_the_tour_says_what_it_answers() -> None:
    assert len(TOUR) == PAGE.count("```sh\n") >= 8


def test_the_tour_goes_as_it_is_told(site: WebSite, gateway: Gateway, agent: StandIn, tmp_path: Path) -> None:
    person(gateway, "olga", "owner")
    header = tmp_path / "header"
    header.write_text(f"Authorization: Bearer {token_of(gateway, 'olga', label='tour')}\n")
    agent.answers["confirm"] = Outcome(State.CONFIRMED, 1, RELEASE, "Kept.")
    script = f"\necho; echo '{CUT}'\n".join(commands for commands, _expected in TOUR)
    known = {"GATEWAY": site.url, "CA": str(site.certificate), "HEADER": str(header), "PATH": "/usr/bin:/bin"}

    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=known, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    answers = [answer.strip() for answer in run.stdout.split(CUT)]
    wrong = [
        (expected, answer)
        for (_commands, expected), answer in zip(TOUR, answers, strict=False)
        if not re.fullmatch(as_pattern(expected), answer, re.DOTALL)
    ]
    assert (run.returncode, run.stderr, wrong, len(answers)) == (0, "", [], len(TOUR))
