"""How errors end: one text for people, one shape for programs, one exit code.

0  done
1  findings or refused: nothing was changed, or a conflict, or no permission
2  wrong usage: a value that is none, an object that does not exist
3  the node or the database failed or cannot be reached; the draft is safe
"""

from __future__ import annotations

import errno
from typing import Any

from sealgate.cli.next_steps import commands
from sealgate.model.errors import (
    Conflict,
    InvalidValue,
    NodeFailed,
    NodeUnreachable,
    NotFound,
    NotPermitted,
    Refused,
    SealgateError,
    StoreFailed,
)

DONE, REFUSED, USAGE, FAILED = 0, 1, 2, 3

_KINDS: tuple[tuple[type[SealgateError], str, int], ...] = (
    (InvalidValue, "invalid-value", USAGE),
    (NotFound, "not-found", USAGE),
    (Conflict, "conflict", REFUSED),
    (NotPermitted, "not-permitted", REFUSED),
    (Refused, "refused", REFUSED),
    (StoreFailed, "store-failed", FAILED),
    (NodeUnreachable, "node-unreachable", FAILED),
    (NodeFailed, "node-failed", FAILED),
    (SealgateError, "refused", REFUSED),
)


def exit_code(error: SealgateError) -> int:
    """Return the exit code that an error means."""
    return next(code for kind, _word, code in _KINDS if isinstance(error, kind))


def as_json(error: SealgateError) -> dict[str, Any]:
    """Return an error as `{"error": {kind, text, problems, findings, next}}`."""
    word = next(word for kind, word, _code in _KINDS if isinstance(error, kind))
    shape: dict[str, Any] = {"kind": word, "text": str(error)}
    if isinstance(error, InvalidValue):
        shape["problems"] = [{"field": p.field, "what": p.what, "remedy": p.remedy} for p in error.problems]
    if isinstance(error, Refused):
        shape["findings"] = [finding.to_json() for finding in error.findings]
    if error.steps:
        shape["next"] = commands(error.steps)
    return {"error": shape}


def of_the_system(error: OSError) -> SealgateError:
    """Return what an error of the operating system means here, as one sentence with what to do."""
    where = f" {error.filename}" if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StoreFailed(
            f"The disk is full{where and f' ({error.filename})'}. Nothing was changed. Make room, then repeat."
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return NotPermitted(f"The file{where} may not be opened: {error.strerror}. Nothing was changed.")
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}:
        return NotFound(f"The file{where} cannot be used: {error.strerror}. Nothing was changed.")
    return StoreFailed(f"The operating system refused{where and f' for{where}'}: {error.strerror or error}.")
