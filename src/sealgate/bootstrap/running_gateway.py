"""`sealgate up`: which programs a gateway has, when each serves, and what the person at the terminal is told.

Order: the agent first, which brings Postfix up or takes over the one that runs; then, on a gateway that never had a
configuration, the first revision, so that the trial port answers; then the MPA, which reads its policy from the
release in force; then the pages. Before anything starts the ports are looked at, so that "in use" is one sentence
with a name in it and not a log full of restarts. Ports that this gateway's own Postfix still holds are no obstacle:
the agent takes it over.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from sealgate.bootstrap import children, listeners
from sealgate.bootstrap.supervisor import Program, StopAskedFor, Supervisor
from sealgate.link.client import Node
from sealgate.link.messages import Asker
from sealgate.link.upkeep import QueueAct, QueueVerb
from sealgate.model.errors import NodeFailed, NotPermitted, Refused, SealgateError
from sealgate.node.paths import NodePaths
from sealgate.postfix.master import Instance
from sealgate.web.certificate import fingerprint
from sealgate.web.serving import certificate_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealgate.settings import Endpoint, Settings

_ASKER = Asker("system:supervisor", "supervisor")
_PATIENCE = 5.0  # seconds that the agent may take for one short answer
_AGENT_READY, _AGENT_STOPPED = 90.0, 60.0
_MPA_READY, _MPA_STOPPED = 30.0, 45.0  # it finishes the messages in its hands for up to 30 seconds
_SCHEDULER_STOPPED = 10.0
_WEB_READY, _WEB_STOPPED = 30.0, 15.0


def run_gateway(settings: Settings, say: Callable[[str], None]) -> None:
    """Run everything until a signal asks to stop.

    Raises NotPermitted without root, Refused while another supervisor holds the gateway or a port is in use,
    NodeFailed when a part does not come up; then nothing is left running.
    """
    if os.geteuid() != 0:
        raise NotPermitted("Running a gateway needs root, because Postfix does. Nothing was started. Use sudo.")
    postfix = Instance(NodePaths(settings.directory).instance)
    programs = tuple(_programs(settings, say))
    supervisor = Supervisor(settings.run_directory, programs, say, at_end=lambda: _stop_postfix(postfix, say))
    with suppress(StopAskedFor), supervisor.held():
        refuse_busy_ports(settings, postfix.pid())
        say(f"Starting the gateway {settings.directory} …")
        try:
            supervisor.start()
        except NodeFailed as fault:
            raise NodeFailed(f"{fault} Everything was stopped again. Details: {settings.log_file}") from fault
        for line in _what_runs_where(settings, supervisor):
            say(line)
        supervisor.watch()
        say("Stopping …")
    say("Everything is stopped; the state is kept.")


def refuse_busy_ports(settings: Settings, own_postfix: int | None) -> None:
    """Raise Refused with one sentence for each port that somebody else than this gateway's own Postfix has."""
    taken = [
        f"{key} {endpoint.port} {obstacle}."
        for key, endpoint in _wanted(settings)
        if not _held_by(endpoint, own_postfix) and (obstacle := listeners.obstacle(endpoint))
    ]
    if taken:
        raise Refused(
            f"Nothing was started. {' '.join(taken)} Stop that program, or choose another port in {settings.file}."
        )


def _wanted(settings: Settings) -> Iterator[tuple[str, Endpoint]]:
    for endpoint in settings.smtp_listeners:
        yield "smtp_port", endpoint
    for endpoint in settings.web_listeners:
        yield "web_port", endpoint
    yield "mpa_port", settings.mpa_address
    yield "reinject_port", settings.reinject_address


def _held_by(endpoint: Endpoint, pid: int | None) -> bool:
    return pid is not None and any(holder.pid == pid for holder in listeners.holders(endpoint.port))


def _stop_postfix(postfix: Instance, say: Callable[[str], None]) -> None:
    """Stop a Postfix that an agent left running which died, or was stopped before it knew of it."""
    if postfix.pid() is None:
        return
    outcome = postfix.stop()
    if not outcome.good:
        say(f"Postfix did not stop: {outcome}")


def _programs(settings: Settings, say: Callable[[str], None]) -> Iterator[Program]:
    yield Program(
        name="agent",
        command=_command(settings, "agent"),
        ready=lambda: _agent_answers(settings),
        ready_within=_AGENT_READY,
        stopped_within=_AGENT_STOPPED,
        started=lambda: _first_revision(settings, say),
    )
    yield Program(
        name="mpa",
        command=_command(settings, "mpa"),
        ready=lambda: _accepts(settings.mpa_address),
        ready_within=_MPA_READY,
        stopped_within=_MPA_STOPPED,
        started=lambda: _flush(settings),
        settled=lambda: _flush(settings),
    )
    yield Program(
        name="scheduler",
        command=_command(settings, "scheduler"),
        ready=lambda: True,
        stopped_within=_SCHEDULER_STOPPED,
    )
    yield Program(
        name="web",
        command=_command(settings, "web"),
        ready=lambda: all(_accepts(_reachable(endpoint)) for endpoint in settings.web_listeners),
        ready_within=_WEB_READY,
        stopped_within=_WEB_STOPPED,
    )


def _reachable(endpoint: Endpoint) -> Endpoint:
    return endpoint if endpoint.host else endpoint._replace(host="127.0.0.1")


def _command(settings: Settings, *verb: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "sealgate.bootstrap", *verb, "--dir", str(settings.directory))


def _node(settings: Settings) -> Node:
    return Node(settings.agent_socket, _ASKER, patience=_PATIENCE)


def _agent_answers(settings: Settings) -> bool:
    try:
        _node(settings).hello()
    except SealgateError:
        return False
    return True


def _accepts(endpoint: Endpoint) -> bool:
    with suppress(OSError), socket.create_connection(endpoint, timeout=1.0):
        return True
    return False


def _first_revision(settings: Settings, say: Callable[[str], None]) -> None:
    """Apply the draft on a gateway that never had a configuration, so that mail is answered from the first start."""
    if _node(settings).status().release:
        return
    say("Making the first revision …")
    code, said = children.run(_command(settings, "apply", "-m", "First start"))
    if code:
        raise NodeFailed(f"The first revision could not be applied:\n{said.rstrip()}\n")


def _set_up_link(settings: Settings) -> Iterator[str]:
    """Give the link for the first owner while there is none; it is for the terminal only and in no log."""
    _code, said = children.run(_command(settings, "people", "set-up-link", "--if-needed"))
    yield from said.splitlines()


def _flush(settings: Settings) -> None:
    """Send what waited for the MPA: Postfix would leave it suspended for minutes (postfix.md, LMTP).

    It is done again a little later, since a flush skips a message that is just being deferred.
    """
    with suppress(SealgateError):
        _node(settings).queue_act(QueueAct(QueueVerb.FLUSH, count_only=False))


def _what_runs_where(settings: Settings, supervisor: Supervisor) -> Iterator[str]:
    listening = ", ".join(f"{e.host or 'every address'} port {e.port}" for e in settings.smtp_listeners)
    agent, mpa, web = (supervisor.pid_of(name) for name in ("agent", "mpa", "web"))
    certificate = certificate_of(settings, dt.datetime.now(dt.UTC)).certificate
    way = f"{settings.mpa_address} → {settings.reinject_address}"
    night = f"nightly rehearsal at {settings.nightly_at}" if settings.nightly_at else "no nightly rehearsal"
    yield f"  mail in   {listening}"
    yield f"  Postfix   a private instance in {settings.postfix_directory}"
    yield f"  agent     {settings.agent_socket}  (root, process {agent})"
    yield f"  MPA       {way}  ({settings.mpa_user}, process {mpa})"
    yield f"  scheduler {night}  ({settings.control_user}, process {supervisor.pid_of('scheduler')})"
    for endpoint in settings.web_listeners:
        host = endpoint if endpoint.host else f"{socket.gethostname()}:{endpoint.port}"
        yield f"  pages     https://{host}/  ({settings.control_user}, process {web})"
    yield f"            certificate SHA-256 {fingerprint(certificate)}"
    yield f"  state     {settings.control_directory}"
    yield f"  logs      {settings.log_directory}"
    yield from _set_up_link(settings)
    launcher = os.environ.get("SEALGATE_LAUNCHER", "")
    call = f"{launcher} status" if launcher else f"sealgate status --dir {settings.directory}"
    yield f"The gateway is up. Talk to it in another terminal: {call}"
    yield "Ctrl-C stops everything."
