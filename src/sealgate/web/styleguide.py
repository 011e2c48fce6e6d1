"""The style guide: every element that pages are made of, with short, long and hostile values, in one place.

It shows the macros of `parts.html` themselves, so it cannot differ from the pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.findings import Place, error, note, warning
from sealgate.model.verdicts import Ruling, Verdict
from sealgate.services.actor import Right
from sealgate.services.wording import Difference, FieldChange, What
from sealgate.web.diffs import side_by_side
from sealgate.web.fields import Field
from sealgate.web.routing import get

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.web.visit import Visit

_LONG = ".".join(["a-rather-long-label-of-a-domain"] * 6) + ".example"
_HOSTILE = "<b onmouseover=alert(1)>\"'&amp;"


def show(visit: Visit) -> Response:
    """Show every element."""
    return visit.page(
        "styleguide.html",
        findings=[
            error("sample", Place("transport", _LONG), "This stops an apply.", "Why it does.", "What to do."),
            warning("sample", Place("setting", "my-hostname"), "This is a doubt.", remedy="Look at it."),
            note("sample", Place("own-lines", "main-cf", "relayhost", 3), _HOSTILE),
        ],
        verdicts=[
            Verdict("size-limits", _LONG, Ruling.FAILED, "1 MiB", "it is taken", _HOSTILE, (_HOSTILE,), Place("rbl")),
            Verdict("strangers-cannot-relay", "a stranger", Ruling.FAILED, came="it was accepted"),
            Verdict("tls-is-kept", "mail to a partner", Ruling.NOT_JUDGED, came="It is outside the rehearsal."),
        ],
        sample_fields=[
            Field("sample-text", "Text", "What it is for.", "text", _LONG, required=True),
            Field("sample-wrong", "Text at fault", "", "text", _HOSTILE, problems=("This is no value. Enter one.",)),
            Field("sample-flag", "Yes or no", "What yes means.", "flag", value=True),
            Field("sample-choice", "Choice", "", "choice", "may", ("none", "may", "encrypt")),
            Field("sample-list", "List", "One a line.", "list", "192.0.2.0/24\n2001:db8::/32"),
            Field("sample-secret", "Password", "Sealed when entered.", "secret", stored=True),
            Field("sample-hop", "Relay host", "A server.", "hop", "smtp.example.net", port="587", was="not set"),
        ],
        differences=[
            Difference("setting", "my-hostname", "My hostname", What.CHANGED, (FieldChange("value", "", "a", "b"),)),
            Difference(
                "network", "10.0.0.0/8", "My networks", What.ADDED, (), widens="10.0.0.0/8 may relay to anywhere"
            ),
            Difference("own-lines", "main-cf", "Own lines of main-cf", What.CHANGED, (), ("-old = 1", "+new = 2")),
        ],
        pairs=list(side_by_side(["@@ -1,2 +1,2 @@", " same = yes", "-old = 1", "+new = 2", f"+long = {_LONG}"])),
    )


ROUTES = (get("/styleguide", Right.VIEW, show),)
