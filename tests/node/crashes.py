"""Ending or failing the agent at one step of its work, chosen by number: every step in turn, until it gets through.

`killed_at(step, work)` forks; the child does the work with a `before` function that kills it with SIGKILL when it
comes to that step. `Step(number, no_space)` raises an OSError there instead, once, or from there on. Nothing is
replaced: the steps are those that `postfix/files.py` and the agent announce.
"""

from __future__ import annotations

import errno
import os
import signal
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.node.world import ASKER, MemoryBundle

from sealgate.link.bundle import Need, Part, row_line
from sealgate.link.conversation import Peer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass
class Step:
    """A `before` function that acts at one step, once or, with `lasting`, at every step from there on.

    Counting begins when `armed` is set, so that preparations are not counted. `seen` names all steps counted.
    """

    number: int
    act: Callable[[str, Path], None]
    lasting: bool = False
    armed: bool = False
    seen: list[str] = field(default_factory=list)

    def __call__(self, step: str, path: Path) -> None:
        if not self.armed:
            return
        here = len(self.seen)
        self.seen.append(f"{step} {path.name}")
        if here == self.number or (self.lasting and here > self.number):
            self.act(step, path)


def die(_step: str, _path: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def no_space(_step: str, path: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def io_error(_step: str, path: Path) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))


def killed_at(number: int, work: Callable[[Step], object]) -> bool:
    """Do the work in a child that is killed at a step; tell whether it was (else the work has fewer steps)."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work(Step(number, die))
            status = 0
        except BaseException:  # noqa: BLE001 - the parent is told by the status
            traceback.print_exc()
        finally:
            os._exit(status)
    _, result = os.waitpid(child, 0)
    if os.WIFSIGNALED(result):
        assert os.WTERMSIG(result) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(result) == 0, "the work failed in another way than by the kill"
    return False


class DirectTalk:
    """A conversation without a socket: gives the parts of a bundle, remembers progress."""

    asker = ASKER
    peer = Peer(os.getpid(), 0, 0)

    def __init__(self, bundle: MemoryBundle | None = None) -> None:
        self._bundle = bundle
        self.heard: list[str] = []

    def progress(self, text: str, done: int = 0, total: int = 0) -> None:
        self.heard.append(text)

    def ask(self, need: Need) -> Iterator[tuple[Part, Iterator[bytes]]]:
        assert self._bundle is not None
        for noun, base in need.tables.items():
            rows = self._bundle.delta(noun, base) if base else self._bundle.rows(noun)
            yield Part("delta" if base else "rows", noun, base), map(row_line, rows)
        for digest in need.chunks:
            yield Part("chunk", digest), iter((self._bundle.chunk(digest),))
        for name in need.secrets:
            yield Part("secret", name), iter((self._bundle.secret(name),))
