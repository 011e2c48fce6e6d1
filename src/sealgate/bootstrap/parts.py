"""The parts that run as programs of their own, made from one gateway's settings.

Here and only here a part learns which directory, ports and users it works with. Agent and MPA are not told how to
reach the database; the web part is not told anything about the node. They run until SIGTERM or SIGINT and return an
exit code.
"""

from __future__ import annotations

import datetime as dt
import grp
import os
import pwd
from typing import TYPE_CHECKING

from sealgate.model.errors import NotFound, NotPermitted

if TYPE_CHECKING:
    from sealgate.settings import Settings


def run_agent(settings: Settings) -> int:
    """Run the agent: Postfix's files and programs, as root."""
    from sealgate.node.agent import Access, Agent, run
    from sealgate.node.facts import Ports
    from sealgate.node.paths import NodePaths
    from sealgate.render import Endpoint

    if os.geteuid() != 0:
        raise NotPermitted("The agent needs root, because Postfix does. Nothing was started. Use sudo.")
    ports = Ports(
        tuple(Endpoint(*listener) for listener in settings.smtp_listeners),
        Endpoint(*settings.mpa_address),
        Endpoint(*settings.reinject_address),
    )
    return run(Agent(NodePaths(settings.directory), ports, Access(*administrators(settings))))


def administrators(settings: Settings) -> tuple[frozenset[int], int]:
    """Return the ids of the users who may ask the agent (root, the control half, the group's members) and the group."""
    try:
        group = grp.getgrnam(settings.admin_group)
        names = {settings.control_user, *group.gr_mem}
        users = {pwd.getpwnam(name).pw_uid for name in names}
    except KeyError as missing:
        raise NotFound(
            f"A user or group of this gateway does not exist ({missing.args[0]}). Nothing was started. "
            f"Make it, or name another in {settings.file}."
        ) from None
    members = {entry.pw_uid for entry in pwd.getpwall() if entry.pw_gid == group.gr_gid}
    return frozenset({0, *users, *members}), group.gr_gid


def run_mpa(settings: Settings) -> int:
    """Run the mail processing agent, which becomes its own user before it reads any mail."""
    from sealgate.mpa.service import ServiceSettings, run

    return run(
        ServiceSettings(
            policy=settings.policy_file,
            events=settings.events_file,
            listen=str(settings.mpa_address),
            reinject=str(settings.reinject_address),
            workers=settings.workers,
            user=settings.mpa_user,
        )
    )


def run_web(settings: Settings) -> int:
    """Serve the pages, as the user of the control half: root is given up before the first request."""
    from sealgate.web.serving import serve
    from sealgate.web.sign_in import identify

    return serve(settings, identify, dt.datetime.now(dt.UTC))
