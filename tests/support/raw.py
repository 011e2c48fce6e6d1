"""A private Postfix with hand-written files, rehearsed as if every line of it were an administrator's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.release import facts

from sealgate.model.desired import DesiredState
from sealgate.model.parameters import OwnLines
from sealgate.rehearsal.rehearsing import rehearse
from sealgate.rehearsal.subject import Subject
from sealgate.render import Endpoint

if TYPE_CHECKING:
    from tests.cases.raw_configurations import Broken
    from tests.support.gateway import Gateway

    from sealgate.link.messages import Grade
    from sealgate.rehearsal.judging import Judge, Judgement


def write(gateway: Gateway, broken: Broken) -> None:
    """Write the gateway's files with what is broken."""
    places = {"{conf}": str(gateway.conf), "{data}": str(gateway.data), "{port}": str(gateway.port)}

    def placed(text: str) -> str:
        for name, place in places.items():
            text = text.replace(name, place)
        return text

    for name, content in broken.files.items():
        (gateway.conf / name).write_text(placed(content))
    first, _, rest = gateway.master.partition("\n")
    if broken.name == "service missing in master.cf":
        rest = "".join(line + "\n" for line in rest.splitlines() if "proxymap" not in line)
    main = {name: None if value is None else placed(value) for name, value in broken.main.items()}
    gateway.write(master=f"{first}{broken.listener_options}\n{rest}{broken.master}", raw=broken.raw, **main)


def rehearsed_raw(judge: Judge, gateway: Gateway, grade: Grade) -> Judgement:
    """Return the judgement on the gateway's files, with every promise."""
    own = [OwnLines((gateway.conf / name).read_text()) for name in ("main.cf", "master.cf")]
    desired = DesiredState(main_cf=own[0], master_cf=own[1])
    node = facts(gateway.top, smtp_listeners=(Endpoint("127.0.0.1", gateway.port),))
    return rehearse(judge, gateway.conf, grade, lambda read, ends: Subject(desired, node, read, ends, grade))
