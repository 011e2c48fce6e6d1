"""One worker process: an event loop, a listening socket, the LMTP connections on it and a pool for re-injection.

The policy is read again whenever its file or its release has changed, which is looked for before every message; the
re-injection connections are then renewed. SIGHUP does the same at once and opens the event log again. SIGTERM, or the
end of the supervisor, drains: no new message is begun, those at work are finished for at most `drain_seconds`. Its
exit status is 0 after draining; anything else is a crash, and the supervisor starts another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvloop

from sealgate.mpa.budget import Budget
from sealgate.mpa.intake import Intake
from sealgate.mpa.pipeline import Pipeline
from sealgate.mpa.policy import Policy, PolicyFile, Unreadable
from sealgate.mpa.pool import Pool

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from sealgate.mpa.endpoint import Endpoint
    from sealgate.mpa.events import EventLog

log = logging.getLogger("sealgate.mpa")

SWEEP_SECONDS = 2.0
BACKLOG = 512  # connections that the kernel keeps for us; Postfix opens at most its process limit at once


@dataclass(frozen=True, slots=True)
class WorkerTask:
    """What the supervisor gives to a worker. `lifeline` is readable, at its end, once the supervisor is gone."""

    listener: socket.socket
    lifeline: int
    policy: PolicyFile
    events: EventLog
    reinject: Endpoint | None  # instead of the policy's
    workers: int
    bytes_in_flight: int
    drain_seconds: float

    def apply(self, policy: Policy | Unreadable, pool: Pool, intake: Intake) -> None:
        """Make what was read the policy in force; the worker gets its share of the re-injection connections."""
        if isinstance(policy, Unreadable):
            log.error("%s; every message is answered 451 until it can be read", policy.reason)
            return
        intake.name = policy.name
        size = max(1, policy.reinject_connections // self.workers)
        pool.renew(self.reinject or policy.reinject, policy.name, size)
        log.info("worker %d has read the policy", os.getpid())


def run_worker(task: WorkerTask) -> int:
    """Serve until told to end; return the exit status."""
    gc.freeze()  # what exists now lives as long as the process
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(task))


async def _serve(task: WorkerTask) -> int:
    loop = asyncio.get_running_loop()
    pool = Pool()
    intake = Intake(b"mpa", Pipeline(task.policy, pool, task.events), Budget(task.bytes_in_flight))
    task.policy.watch(lambda policy: task.apply(policy, pool, intake))
    end = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, end.set)
    loop.add_signal_handler(signal.SIGHUP, _reload, task)
    loop.add_reader(task.lifeline, end.set)
    with _sweeping(intake, pool):
        server = await _listen(task.listener, intake)
        await end.wait()
        loop.remove_reader(task.lifeline)
        server.close()
        left = await intake.drain(task.drain_seconds)
    if left:
        log.warning("%d messages were not finished within %g s; Postfix sends them again", left, task.drain_seconds)
    return 0


async def _listen(listener: socket.socket, intake: Intake) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if listener.family.name == "AF_UNIX":
        return await loop.create_unix_server(intake.connection, sock=listener, backlog=BACKLOG)
    return await loop.create_server(intake.connection, sock=listener, backlog=BACKLOG)


def _reload(task: WorkerTask) -> None:
    task.events.reopen()
    task.policy.reload()


@contextlib.contextmanager
def _sweeping(intake: Intake, pool: Pool) -> Iterator[None]:
    async def sweep() -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            intake.sweep()
            pool.sweep()

    task = asyncio.get_running_loop().create_task(sweep())
    try:
        yield
    finally:
        task.cancel()
