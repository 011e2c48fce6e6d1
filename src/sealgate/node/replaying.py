"""Recent mail of this node, tried again on a candidate and on what is live: only what would be different is answered.

The envelopes come from the end of Postfix's log and of the MPA's event log, a bounded part of each; both are only
read. Both sides run in sealed worlds with the same artificial internet (`rehearsal/replay.py`).
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import Grade
from sealgate.link.rehearsals import MOST_ENVELOPES, Replayed
from sealgate.model.errors import InvalidValue, NodeFailed, Refused
from sealgate.postfix.logfile import LogFile
from sealgate.postfix.logs import record
from sealgate.rehearsal.pairs import run_both
from sealgate.rehearsal.recorded import choose, read
from sealgate.rehearsal.replay import Run, assumed, compare, plan
from sealgate.rehearsal.sealed import NotSealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sealgate.link.conversation import Conversation
    from sealgate.link.rehearsals import Replay
    from sealgate.node.paths import NodePaths
    from sealgate.node.sides import Sides
    from sealgate.postfix.logs import Record

MOST_LINES = 400_000
_BYTES = 1 << 27


class Replayer:
    """Answers `replay`."""

    def __init__(self, paths: NodePaths, sides: Sides) -> None:
        self._paths = paths
        self._sides = sides

    def handlers(self) -> Mapping[str, Callable[[Any, Conversation], Any]]:
        """Return what answers each of these verbs."""
        return {"replay": self.replay}

    def replay(self, question: Replay, talk: Conversation) -> Replayed:
        """Run recent envelopes on both sides and return what differs."""
        started = time.monotonic()
        if not 1 <= question.count <= MOST_ENVELOPES:
            raise InvalidValue.of(f"From 1 to {MOST_ENVELOPES} envelopes can be tried.", "", "count")
        live, candidate = self._sides.live(), self._sides.of(question.digest)
        talk.progress("reading the mail log")
        recording = read(self._records(question.since), events(self._paths.events, question.since))
        chosen = choose(recording.envelopes, question.count)
        words = assumed(recording.left_out, recording.without_helo, [one.envelope for one in chosen])
        if not chosen:
            return Replayed(0, 0, 0, assumed=words, seconds=time.monotonic() - started)
        try:
            planned, by_trial = plan(chosen, live, candidate)
        except LookupError:
            raise Refused("What is live listens for SMTP nowhere, so no envelope can be tried on it.") from None
        talk.progress(f"trying {len(chosen)} envelopes on what is live and on the candidate")
        try:
            seen = run_both(self._sides.rehearsal(), live, candidate, planned, Grade.FULL)
        except NotSealed as failure:
            raise NodeFailed(f"The releases cannot be run on this machine: {failure}") from None
        talk.progress("comparing")
        runs = [
            Run(side, one, planned.trials, self._sides.finder(side))
            for side, one in zip((live, candidate), seen, strict=True)
        ]
        found = compare(by_trial, runs[0], runs[1])
        return replace(found, assumed=words, seconds=time.monotonic() - started)

    def _records(self, since: float) -> Iterator[Record]:
        """Give the records of the log from `since` on, oldest first."""
        now = datetime.now(UTC).astimezone()
        found: list[Record] = []
        for line in _backwards(self._paths.mail_log):
            one = record(line, now)
            if since and one.time is not None and one.time.timestamp() < since:
                break
            found.append(one)
        return reversed(found)


def events(path: Path, since: float = 0.0) -> Iterator[dict[str, Any]]:
    """Give the MPA's events about messages from `since` on, newest first; lines that are none are passed over."""
    for line in _backwards(path):
        try:
            event = json.loads(line)
            when = datetime.fromisoformat(event["time"]).timestamp()
        except (ValueError, KeyError, TypeError):
            continue
        if since and when < since:
            return
        if event.get("event") == "message":
            yield event


def _backwards(path: Path) -> Iterator[str]:
    """Give the last lines of a log and of the file it was rotated to, the newest first."""
    files = (path, path.with_name(f"{path.name}.1"))
    return islice(chain.from_iterable(LogFile(file).backwards(_BYTES) for file in files), MOST_LINES)
