"""What the editors of texts ask for while somebody types: findings by line, and the words that can be written.

JSON for the script alone; without it the same is said after saving. Nothing here writes. Texts that the script shows
come from here too, so that all of them stand in one file.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from sealgate.model.checking.overrides import FIELD_OF
from sealgate.model.checking.restrictions import PLAIN, WITH_ARGUMENT
from sealgate.model.checks import BLOCKS, SINCE
from sealgate.model.errors import InvalidValue, NotFound
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS
from sealgate.model.text_forms import READERS
from sealgate.services import editing
from sealgate.services.actor import Right
from sealgate.services.own_lines import NOUN as OWN_LINES
from sealgate.web.routing import get, post
from sealgate.web.search import home_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.model.findings import Finding
    from sealgate.services.editing import Parameter
    from sealgate.web.texts import Texts
    from sealgate.web.visit import Visit

_TEXTS = "editor."
_CLASSES = (
    "smtpd", "smtp", "lmtp", "postscreen", "tlsproxy", "dnsblog", "qmqpd", "local", "virtual", "pipe", "milter",
    "address_verify", "cleanup", "qmgr", "trivial_rewrite", "tls", "postlog", "maillog", "bounce",
)  # fmt: skip
_OWN = ("main-cf", "master-cf")


def words(visit: Visit) -> Response:
    """Give what an editor offers and explains for one kind of text."""
    language = visit.asked("language")
    texts = visit.site.texts
    said = {name.removeprefix(_TEXTS): text for name, text in texts.entries.items() if name.startswith(_TEXTS)}
    answer: dict[str, Any] = {"texts": said}
    if language in _OWN:
        known = editing.words(visit.gateway, visit.actor)
        answer |= {
            "parameters": [_parameter(one, texts) for one in known.parameters],
            "restrictions": sorted(PLAIN | WITH_ARGUMENT),
            "services": known.services,
            "tables": known.tables,
            "types": known.map_types,
        }
    elif language.endswith("-check"):
        answer["actions"] = [*SINCE, *BLOCKS]
    return JSONResponse(answer)


def check(visit: Visit) -> Response:
    """Say what is wrong with a text that is not saved."""
    asked = _asked(visit)
    language, text = asked.get("language", ""), asked.get("text", "").replace("\r\n", "\n")
    if len(text) > editing.LONGEST:
        return JSONResponse({"findings": [], "judged": False})
    if language in _OWN:
        found = editing.check_own_text(visit.gateway, visit.actor, language, text)
    elif language == "lookup-table":
        found = editing.check_table_text(visit.gateway, visit.actor, asked.get("key", ""), asked.get("type", ""), text)
    elif language in READERS:
        found = editing.check_rows_text(visit.gateway, visit.actor, language, text)
    else:
        raise NotFound("There is no such text. Nothing was changed.")
    return JSONResponse({"findings": [_finding(one) for one in found], "judged": True})


def _asked(visit: Visit) -> dict[str, str]:
    try:
        value = json.loads(visit.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise InvalidValue.of("This is no JSON object of texts.")
    return value


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "line": one.place.line,
        "field": one.place.field,
        "severity": one.severity.value,
        "what": one.what,
        "why": one.why,
        "remedy": one.remedy,
    }


def _parameter(one: Parameter, texts: Texts) -> dict[str, Any]:
    made: dict[str, Any] = {"name": one.name, "kind": one.kind, "default": one.default}
    prefix = next((name for name in _CLASSES if one.name.startswith(f"{name}_")), "")
    if prefix:
        made["class"] = texts(f"parameter_class.{prefix}")
    if one.forbidden:
        made["forbidden"] = True
    if one.value is not None:
        made["value"] = one.value
    if one.place is not None and one.place.noun == OWN_LINES:
        made["line"] = one.place.line
    if one.generated is not None:
        made["generated"] = one.generated.partition("=")[2].strip() or one.generated
    if one.services:
        made["services"] = one.services
    noun, key = FIELD_OF.get(one.name, ("", ""))
    if not noun and one.place is not None and one.place.noun != OWN_LINES:
        noun, key = one.place.noun, one.place.key
    if noun == "setting" and key in SETTINGS:
        setting = SETTINGS[key]
        made |= {"field": setting.title, "help": setting.help, "page": f"{home_of(key)}#f-{key}"}
    elif noun in NOUNS:
        made |= {"field": NOUNS[noun].title, "page": f"/mta/{noun}"}
    return made


ROUTES = (get("/mta/editor/words", Right.VIEW, words), post("/mta/editor/check", Right.VIEW, check))
