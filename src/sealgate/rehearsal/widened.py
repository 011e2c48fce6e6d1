"""Who can newly relay or be reached by a candidate, in sentences: found by running it beside what is live.

One call for whoever judges a candidate. It costs nothing when nothing that decides about clients differs. Where no
sealed world can be made it says that it could not be found out; it never guesses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.rehearsal.pairs import run_both
from sealgate.rehearsal.running import run
from sealgate.rehearsal.sealed import NotSealed
from sealgate.rehearsal.widened_words import sentences
from sealgate.rehearsal.widening import Changed, may_widen, newly, question

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.rehearsal.judging import Judge
    from sealgate.rehearsal.sides import Side

NOT_FOUND = "Who may newly do what was not found out: this machine cannot run the releases side by side ({})."


def widened(
    judge: Judge,
    live: Side | None,
    candidate: Side,
    differing: Iterable[str] | None = None,
    changed: Changed | None = None,
) -> tuple[str, ...]:
    """Return who may newly do what.

    `differing` are the nouns whose rows differ (None: not known), `changed` the keys of the rows as far as known.

    Without a live side: what will be possible at all. Raises Refused when the machine is short of something.
    """
    if live is not None and differing is not None and not may_widen(live, candidate, differing):
        return ()
    asked = question(live, candidate, changed)
    if not asked.plan.trials:
        return ()
    try:
        if live is None:
            seen = run(judge, candidate.release, asked.plan, asked.grade, candidate.read)
            return sentences(asked, *newly(asked, None, seen), first=True)
        before, after = run_both(judge, live, candidate, asked.plan, asked.grade)
    except NotSealed as failure:
        return (NOT_FOUND.format(failure),)
    return sentences(asked, *newly(asked, before, after), first=False)
