"""Whole lists at once, both ways: NDJSON, or the forms that the pages and the terminal read and write."""

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse

from sealgate.api.call import Asked
from sealgate.api.jobs import job_json
from sealgate.api.operations import LARGE, Group
from sealgate.api.shapes import Job, NounPath, StateWord, state_of
from sealgate.link.messages import Progress
from sealgate.model.errors import InvalidValue, NotFound
from sealgate.model.forms import refusal_of
from sealgate.model.text_forms import WRITERS
from sealgate.services import exports, imports
from sealgate.services.actor import Right
from sealgate.services.areas import may_edit
from sealgate.services.formats import Format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.services.imports import Imported
    from sealgate.services.jobs import Job as Working

GROUP = Group("bulk", "Import and export of whole lists. Passwords are never in them.")
_MEDIA = {
    Format.NDJSON: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8",
    Format.TEXT: "text/plain; charset=utf-8",
    Format.YAML: "application/yaml",
}
EXAMPLES = {
    Format.NDJSON: '{"key":"example.com","fields":{"domain":"example.com"},"comment":"head office","enabled":true}\n',
    Format.CSV: "domain,comment,enabled\nexample.com,head office,yes\n",
    Format.TEXT: "# head office\nexample.com\n",
    Format.YAML: "- domain: example.com\n  comment: head office\n",
}
"""One and the same list of relay domains in each form."""
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            media.partition(";")[0]: {
                "schema": {} if form is Format.YAML else {"type": "string", "maxLength": LARGE},
                "example": EXAMPLES[form],
            }
            for form, media in _MEDIA.items()
        },
    }
}
_ANSWER: dict[int | str, Any] = {
    200: {
        "description": "The list",
        "content": {
            media.partition(";")[0]: {"schema": {}, "example": EXAMPLES[form]} for form, media in _MEDIA.items()
        },
    }
}
FormatWord = Annotated[Format, Query(description="How the list is written.")]


async def _sent(request: Request) -> bytes:
    return await request.body()


@GROUP.get("/bulk/{noun}", Right.VIEW, response_class=StreamingResponse, responses=_ANSWER)
def export_list(call: Asked, noun: NounPath, form: FormatWord = Format.NDJSON, state: StateWord = "draft") -> Any:
    """Export a whole list of a state."""
    if noun not in WRITERS:
        raise NotFound(refusal_of(noun))
    chosen = state_of(state)
    with call.gateway.store.reading() as reader:
        chosen.view(reader)

    def lines() -> Iterator[str]:
        with exports.exported(call.gateway, call.actor, noun, form=form, state=chosen) as found:
            while chunk := list(islice(found, 1000)):
                yield "".join(chunk)

    return StreamingResponse(lines(), media_type=_MEDIA[form])


@GROUP.post(
    "/bulk/{noun}",
    Right.EDIT,
    response_model=Job,
    status_code=202,
    largest=LARGE,
    openapi_extra=_BODY,
    example={"kind": "import", "detail": "relay-domain"},
)
def import_list(
    call: Asked,
    noun: NounPath,
    sent: Annotated[bytes, Depends(_sent)],
    form: FormatWord = Format.NDJSON,
    replace: Annotated[bool, Query(description="The list becomes exactly what is sent.")] = False,
    dry_run: Annotated[bool, Query(description="Say what would be done, and do nothing.")] = False,
) -> Any:
    """Import many rows, all or none, as a job. A fault names its line; with `dry_run` nothing is stored.

    Rows that are there with the same key become what is sent, the others stay, unless `replace` is said.
    """
    may_edit(call.actor, noun)
    if noun not in WRITERS:
        raise NotFound(refusal_of(noun))
    try:
        text = sent.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidValue.of("The body is not UTF-8 text.", "Send it as UTF-8.") from None
    if not text.strip():
        raise InvalidValue.of("There is nothing to import.", "Send rows in the body.")
    gateway, actor = call.gateway, call.actor

    def work(job: Working) -> Imported:
        lines = io.StringIO(text, newline="\n")
        how: dict[str, Any] = {"form": form, "replace": replace, "dry_run": dry_run}
        count = lambda number: job.progress(Progress("Rows read", number))  # noqa: E731
        return imports.import_rows(gateway, actor, noun, lines, progress=count, **how)

    return job_json(call.job("import", work, f"{noun}{', only tried' if dry_run else ''}"))
