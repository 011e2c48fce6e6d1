"""Where an address would go by a release that is not live: the release runs sealed off, and trivial-rewrite is asked.

`route` starts the world, `perform` runs inside. Raises NodeFailed when the release does not run or gives no answer.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import NodeFailed
from sealgate.postfix.rewrite import Rewrite, Route
from sealgate.rehearsal.internet import ArtificialInternet
from sealgate.rehearsal.network import Place
from sealgate.rehearsal.sealed import NotSealed, run_sealed
from sealgate.rehearsal.stage import instance_of
from sealgate.rehearsal.trials import Plan

if TYPE_CHECKING:
    from pathlib import Path

    from sealgate.rehearsal.judging import Judge

_MODULE = "sealgate.rehearsal.routing"


def route(judge: Judge, release: Path, address: str, sender: str = "") -> Route:
    """Return the route of an address by the release in the directory `release`."""
    task = judge.task() | {"address": address, "sender": sender}
    try:
        answer = run_sealed(judge.world(release), _MODULE, task, timeout=judge.patience * 6)
    except NotSealed as failure:
        raise NodeFailed(f"The candidate cannot be run on this machine: {failure}") from None
    if "fault" in answer:
        raise NodeFailed(f"The candidate gives no route for {address}: {answer['fault']}")
    return Route(answer["transport"], answer["nexthop"], answer["recipient"], frozenset(answer["flags"]))


def perform(task: dict[str, Any]) -> dict[str, Any]:
    """Start the release and ask it; runs in the sealed world."""
    instance = instance_of(task)
    ArtificialInternet(Plan(), Place()).serve_names()
    outcome = instance.start(timeout=task["patience"])
    if not instance.is_running():
        return {"fault": str(outcome)}
    try:
        with Rewrite(instance.paths.queue_dir) as rewrite:
            found = rewrite.resolve(task["address"], task["sender"])
    except NodeFailed as failure:
        return {"fault": str(failure)}
    return asdict(found) | {"flags": sorted(found.flags)}
