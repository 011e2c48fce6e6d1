"""A supervisor over programs that a test describes: `python supervised.py RUN_DIRECTORY DESCRIPTION`.

DESCRIPTION is JSON: {"programs": [{"name", "shell", "stopped_within"}], "pace": {…}}. A program is ready when the
file `<name>.ready` exists in the run directory. What the supervisor says goes to standard output, a line each.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from sealgate.bootstrap.supervisor import Pace, Program, StopAskedFor, Supervisor
from sealgate.log import open_log
from sealgate.model.errors import SealgateError


def main(run: Path, description: dict[str, Any]) -> int:
    open_log(run / "sealgate.log")
    programs = [
        Program(
            name=program["name"],
            command=("/bin/sh", "-c", program["shell"]),
            ready=(run / f"{program['name']}.ready").exists,
            ready_within=program.get("ready_within", 30.0),
            stopped_within=program.get("stopped_within", 20.0),
        )
        for program in description["programs"]
    ]

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    supervisor = Supervisor(run, programs, say, Pace(**description.get("pace", {})))
    try:
        with supervisor.held():
            supervisor.start()
            say("everything runs")
            supervisor.watch()
    except StopAskedFor:
        say("stopped while starting")
    except SealgateError as fault:
        say(f"{type(fault).__name__}: {fault}")
        return 3
    say("everything stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
