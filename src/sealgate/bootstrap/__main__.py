"""`python -P -m sealgate.bootstrap`: the same as `sealgate`, with the interpreter that runs already."""

from __future__ import annotations

from sealgate.bootstrap import main

main()
