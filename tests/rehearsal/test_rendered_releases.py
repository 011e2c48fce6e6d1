"""What the product renders is judged without a word; the cases that show something broken on purpose are named."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.render.golden import CASES, _fact, case_names
from tests.support.release import released
from tests.support.states import state

from sealgate.postfix.master import InstancePaths
from sealgate.rehearsal.judging import Judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.rehearsal.judging import Judgement

BROKEN_ON_PURPOSE = {
    "no-berkeley-db": "/etc/aliases",
    "own-lines": "STARTTLS",
    "tls": "chain",
}
"""A table that this machine has not got, an own service without certificate, and a key that is none."""


@contextmanager
def judged(name: str) -> Iterator[Judgement]:
    given = json.loads((CASES / name / "state.json").read_text())
    given.pop("why")
    changes = {key: _fact(key, value) for key, value in given.pop("facts", {}).items()}
    with released(state(**given), secrets=defaultdict(lambda: "secret"), **changes) as release:
        node = release.node
        live = InstancePaths(*map(Path, (node.config_dir, node.spool_dir, node.data_dir, node.log_file)))
        yield Judge(live, release.root / "neutral").probe(release.path)


@pytest.mark.parametrize("name", sorted(set(case_names()) - BROKEN_ON_PURPOSE.keys()))
def test_a_rendered_release_has_no_findings(name: str) -> None:
    with judged(name) as judgement:
        assert [str(finding) for finding in judgement.findings] == []
        assert judgement.not_judged == ()


@pytest.mark.parametrize("name", sorted(BROKEN_ON_PURPOSE))
def test_what_is_broken_on_purpose_is_found(name: str) -> None:
    with judged(name) as judgement:
        assert not judgement.passed
        assert any(BROKEN_ON_PURPOSE[name] in str(finding) for finding in judgement.findings)


def test_the_re_injection_listener_tries_the_next_hops_of_the_configuration() -> None:
    """Mail from loopback on re-injection bypasses the filter, so its route is tried for real before it is live."""
    with judged("company") as judgement:
        taken = [call for call in judgement.seen["calls"] if any("queued as" in reply for _, reply in call["replies"])]

    assert any(call["client"] == "127.0.0.1" for call in taken)
