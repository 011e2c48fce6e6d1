"""The parts that run as programs of their own, made from one gateway's settings.

Here and only here a part learns which directory, ports and users it works with. Agent and MPA are not told how to
reach the database; scheduler and web are the control half, and run as its user. All run until SIGTERM or SIGINT and
return an exit code.
"""

from __future__ import annotations

import datetime as dt
import grp
import os
import pwd
import signal
import socket
import threading
from typing import TYPE_CHECKING

from sealgate.model.errors import NotFound, NotPermitted

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from sealgate.settings import Settings
    from sealgate.web.site import Site


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
    access = Access(*administrators(settings))
    paths = NodePaths(settings.directory)
    return run(Agent(paths, ports, access, mpa_user=settings.mpa_user, resolvers=settings.live_test_resolvers))


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


HEAD_START = 5.0
"""Seconds that the scheduler leaves to the parts that carry mail, when all are started together."""


def run_scheduler(settings: Settings) -> int:
    """Run what the control half does by itself, as its user; ends within a second of SIGTERM, in the middle of a work.

    What it was waiting for is then not waited for; a later start does it again.
    """
    _become(settings.control_user)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _leave(ended))
    try:
        ended.wait(HEAD_START)
    except KeyboardInterrupt:
        return 0
    from sealgate.services.gateway import Gateway  # what it needs is loaded after the head start too
    from sealgate.services.scheduling import Scheduler

    gateway = Gateway.open(settings)
    try:
        scheduler = Scheduler(gateway, socket.gethostname())
        scheduler.begin()
        while True:
            ended.wait(scheduler.step())
    except KeyboardInterrupt:
        scheduler.end()
    finally:
        gateway.close()
    return 0


def _leave(ended: threading.Event) -> None:
    """Leave whatever is waited for now, once; what is being cleaned up goes on."""
    if not ended.is_set():
        ended.set()
        raise KeyboardInterrupt


def _become(name: str) -> None:
    """Become a user for good when started as root, with that user's groups; files are for owner and group."""
    os.umask(0o007)
    if os.geteuid() != 0:
        return
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        raise NotFound(f"There is no user {name}, so the scheduler was not started. Make it.") from None
    os.setgroups(os.getgrouplist(name, user.pw_gid))
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def run_web(settings: Settings) -> int:
    """Serve pages and API, as the user of the control half: root is given up before the first request."""
    from sealgate.api.access import Context
    from sealgate.api.app import make_api
    from sealgate.web.serving import serve
    from sealgate.web.sign_in import identify

    def api(site: Site) -> ASGIApp:
        return make_api(Context(site.gateway, site.jobs, site.identify))

    return serve(settings, identify, dt.datetime.now(dt.UTC), api)
