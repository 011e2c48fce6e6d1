"""The sentences of all findings, kept as one text so that they are read in review.

Each case of `tests.cases.finding_cases` is there with the findings of its code. After a change that is meant:

    PYTHONPATH=src python -m tests.model.golden_findings && git diff tests/cases/findings.txt
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cases.finding_cases import CASES
from tests.model.states import findings

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = Path(__file__).parents[1] / "cases" / "findings.txt"


def written() -> str:
    """Return the sentences of all cases."""
    return "".join(f"{line}\n" for code, broken, _ in CASES for line in _case(code, broken))


def _case(code: str, broken: dict[str, Any]) -> Iterator[str]:
    yield f"== {code}"
    for name, value in broken.items():
        text = str(value)
        yield f"   {name}: {text if len(text) < 200 and 'CERTIFICATE' not in text else '…'}"
    yield from (str(finding) for finding in findings(**broken) if finding.code == code)
    yield ""


if __name__ == "__main__":
    GOLDEN.write_text(written(), "utf-8")
