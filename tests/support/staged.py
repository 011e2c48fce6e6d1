"""A rendered release and the judge of the gateway it is for, for tests of the full rehearsal.

    with staged(state(...)) as (judge, release):
        seen = run(judge, release, plan(one_trial), Grade.FULL)

The gateway listens on every address, port 2525, unless the facts say otherwise: in the sealed world only.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.release import released

from sealgate.postfix.master import InstancePaths
from sealgate.rehearsal.judging import Judge
from sealgate.rehearsal.trials import Client, Internet, Plan, Trial, Until
from sealgate.render import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.desired import DesiredState

PORT = 2525
STRANGER = Client("203.0.113.9", name="client.example.net")


@contextmanager
def staged(desired: DesiredState, **facts: Any) -> Iterator[tuple[Judge, Path]]:
    """Write the release of a state and give its judge and its directory."""
    facts.setdefault("smtp_listeners", (Endpoint("", PORT),))
    with released(desired, secrets=defaultdict(lambda: "secret"), **facts) as release:
        node = release.node
        live = InstancePaths(*map(Path, (node.config_dir, node.spool_dir, node.data_dir, node.log_file)))
        yield Judge(live, release.root / "neutral", mpa_user="nobody"), release.path


def trial(
    name: str, *recipients: str, client: Client = STRANGER, sender: str = "x@sender.example", **more: Any
) -> Trial:
    """Return a trial on the public listener; it sends a message unless told otherwise."""
    options: dict[str, Any] = {"host": "127.0.0.1", "port": PORT, "until": Until.MESSAGE} | more
    return Trial(name, client=client, sender=sender, recipients=recipients or ("user@example.com",), **options)


def plan(*trials: Trial, internet: Internet | None = None, **more: Any) -> Plan:
    """Return a plan of these trials."""
    return Plan(trials, internet or Internet(), **more)
