"""A state rehearsed as the agent would: rendered, written, run sealed off with all promises, ports as on a real host.

judgement = rehearsed(state({...}, {...}), Grade.PROBE)
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.release import released

from sealgate.postfix.master import InstancePaths
from sealgate.rehearsal.judging import Judge
from sealgate.rehearsal.rehearsing import rehearse
from sealgate.rehearsal.subject import Subject
from sealgate.render import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.link.messages import Grade
    from sealgate.model.desired import DesiredState
    from sealgate.model.verdicts import Verdict
    from sealgate.rehearsal.judging import Judgement
    from sealgate.rehearsal.promises.promise import Promise

PORTS = {
    "smtp_listeners": (Endpoint("", 25),),
    "mpa": Endpoint("127.0.0.1", 10025),
    "reinject": Endpoint("127.0.0.1", 10026),
}


def rehearsed(
    desired: DesiredState,
    grade: Grade,
    *,
    secrets: Mapping[str, str] | None = None,
    spoil: str = "",
    more: tuple[Promise, ...] = (),
    **facts: Any,
) -> Judgement:
    """Return the judgement on a state; `facts` are those of the machine, `secrets` what sealed names open to.

    `spoil` are lines put at the end of the main.cf that was rendered; `more` are judged beside the built-in promises.
    """
    opened = defaultdict(lambda: "secret", secrets or {})
    with released(desired, secrets=opened, **{**PORTS, **facts}) as release:
        node = release.node
        with (release.path / "main.cf").open("a") as main:
            main.write(f"{spoil}\n")
        live = InstancePaths(*map(Path, (node.config_dir, node.spool_dir, node.data_dir, node.log_file)))
        judge = Judge(live, release.root / "neutral")
        return rehearse(
            judge,
            release.path,
            grade,
            lambda read, ends: Subject(desired, node, read, ends, grade, release.tree),
            more,
        )


def failed(judgement: Judgement, promise: str = "") -> list[Verdict]:
    """Return the failed verdicts, perhaps of one promise."""
    return [one for one in judgement.verdicts if one.ruling == "failed" and promise in {"", one.promise}]
