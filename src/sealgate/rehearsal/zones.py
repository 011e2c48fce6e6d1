"""The DNS zones that restrictions ask about clients, senders and names: block lists and white lists.

In the artificial internet every name exists unless something else is said; a list that lists everybody would decide
over every trial. So these zones are empty there, but for what a test puts in. Source: postconf(5), `reject_rbl_client`
and its relatives, and postscreen_dnsbl_sites.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealgate.postfix.parameters import ReadBack

_ASKED = re.compile(r"\b(?:reject|permit)_(?:rbl|rhsbl|dnswl|rhswl)_\w+[\s,{]+([^\s,={}]+)")
_SITES = "postscreen_dnsbl_sites"


def zones_asked(read: ReadBack) -> tuple[str, ...]:
    """Return every zone that main.cf or a service of master.cf asks; values must be expanded."""
    texts = [*read.main.values(), *(value for own in read.overrides.values() for value in own.values())]
    sites = " ".join([read.main.get(_SITES, ""), *(own.get(_SITES, "") for own in read.overrides.values())])
    named = [zone for text in texts for zone in _ASKED.findall(text)]
    named += [re.split(r"[=*]", site)[0] for site in re.split(r"[\s,]+", sites) if site]
    return tuple(sorted({zone.lower().strip(".") for zone in named}))
