"""Lists of changes part by part: together they are the whole, whatever was changed and changed back."""

from __future__ import annotations

import pytest
from tests.store.test_revisions import edit, remove


@pytest.mark.parametrize("most", [1, 2, 3, 50])
def test_the_parts_of_a_comparison_make_up_the_whole(store, applied, most):
    applied(*(("black", str(n), {"n": n}) for n in range(8)), ("rbl", "a", {}), ("white", "z", {}))
    for n in (1, 2, 3, 6):
        edit(store, "black", str(n), {"n": -n})
    for n in (2, 3):
        edit(store, "black", str(n), {"n": n})
    for key in ("5", "7"):
        remove(store, "black", key)
    edit(store, "white", "new", {})
    with store.reading() as r:
        for states in ((1, r.draft()), (r.draft(), 1)):
            parts, place = [], ("", "")
            while part := r.compare_part(*states, most, place):
                parts.append(part)
                place = part[-1][:2]
            assert [change for part in parts for change in part] == list(r.compare(*states))
            assert {len(part) for part in parts[:-1]} <= {most}


def test_the_parts_of_what_is_pending_say_who_changed_it(store, applied):
    applied(("black", "1", {}), ("black", "2", {}))
    remove(store, "black", "2")
    edit(store, "white", "new", {})
    with store.reading() as r:
        parts = [*r.pending_part(1, ("", "")), *r.pending_part(5, ("black", "2"))]
        assert parts == list(r.pending())
