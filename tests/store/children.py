"""Parts of a test that run in a process of their own: as another user, in parallel, or until they are killed."""

from __future__ import annotations

import os
import pickle
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Child:
    """A forked process that runs a function; `result` waits for its end."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._reading)
            code = 1
            try:
                answer = pickle.dumps(function())
                while answer:
                    answer = answer[os.write(writing, answer) :]
                code = 0
            except BaseException:  # noqa: BLE001 - nothing may come back into the parent's code
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(writing)

    def end(self) -> tuple[int, bytes]:
        """Wait; return the exit code (negative: the signal that killed it) and what it wrote."""
        with os.fdopen(self._reading, "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status), answer

    def result(self) -> Any:
        code, answer = self.end()
        assert code == 0, f"the child ended with {code}"
        return pickle.loads(answer)
