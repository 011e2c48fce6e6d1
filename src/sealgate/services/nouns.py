"""Finding the kind of row, the setting or the text that a person names.

Singular and plural, `my_hostname` and `my-hostname`, `main.cf` and `main-cf` mean the same. Where there is nothing of
that name the answer is NotFound with the nearest names, never a guess.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import NotFound
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.model.mta import Setting
    from sealgate.model.objects import Noun

OWN_LINES = ("main-cf", "master-cf")


def noun_of(name: str) -> Noun[Any]:
    """Return the kind of row called `name` (singular or plural, as the pages say it)."""
    if name in NOUNS:
        return NOUNS[name]
    for noun in NOUNS.values():
        if name in {noun.plural, noun.plural.replace(" ", "-")}:
            return noun
    raise NotFound(f"There is no kind of row called {shown(name)!r}. {_near(name, NOUNS)}")


def setting_of(name: str) -> Setting[Any]:
    """Return the setting called `name`; the attribute's spelling `my_hostname` is taken too."""
    word = name.replace("_", "-")
    if word in SETTINGS:
        return SETTINGS[word]
    raise NotFound(f"There is no setting called {shown(name)!r}. {_near(word, SETTINGS)}")


def text_of(name: str) -> str:
    """Return the name of a text of own lines; `main.cf` is taken for `main-cf`."""
    word = name.replace(".", "-")
    if word in OWN_LINES:
        return word
    raise NotFound(f"There are no own lines called {shown(name)!r}. Possible are: {', '.join(OWN_LINES)}.")


def _near(name: str, names: Iterable[str]) -> str:
    known = sorted(names)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(close)}?" if close else f"Possible are: {', '.join(known)}."
