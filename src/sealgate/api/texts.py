"""Texts: the administrator's own lines of main.cf and master.cf, look-up tables, and the files that come of it all."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from fastapi.responses import PlainTextResponse
from pydantic import Field

from sealgate.api.call import Asked
from sealgate.api.examples import example
from sealgate.api.operations import LARGE, Group
from sealgate.api.preconditions import Required
from sealgate.api.shapes import Finding, Given, Place, Saved, StateWord, Told, findings_of, state_of
from sealgate.services import editing, lookup_tables, own_lines, rendering
from sealgate.services.actor import Right

GROUP = Group("texts", "Own lines, look-up tables, and the rendered files.")

OwnName = Annotated[Literal["main-cf", "master-cf"], Path(description="Which file the lines are of.")]
TableName = Annotated[str, Path(description="The name of a look-up table.", max_length=200, examples=["tls-policy"])]
_FILE = "# Made by Sealgate. …\n\n# The gateway itself\ncompatibility_level = 3.6\nmyhostname = mx.example.com\n"


class OwnLines(Told):
    """Own lines of the draft; `version` is None while there are none."""

    model_config = example(name="main-cf", text="smtpd_banner = $myhostname ESMTP\n", version=19)

    name: str
    text: str
    version: int | None


class Text(Given):
    """A whole text; it replaces the one that stands."""

    text: str = Field(max_length=50_000_000, examples=["smtpd_banner = $myhostname ESMTP\n"])


class Typed(Given):
    """A text that is not saved: own lines, a look-up table with its type, or a list in its plain form."""

    of: Literal["main-cf", "master-cf", "lookup-table", "rows"]
    text: str = Field(max_length=editing.LONGEST, examples=["smtpd_banner = $myhostname ESMTP\n"])
    name: str = Field("", max_length=200, description="Of a look-up table its name, of a list its kind of row.")
    type: str = Field("hash", max_length=60, description="Of a look-up table.")


class Parameter(Told):
    """A parameter of the installed Postfix; `value` is what main.cf says (None: the default holds)."""

    model_config = example(
        name="smtpd_banner",
        kind="text",
        default="$myhostname ESMTP $mail_name",
        forbidden=False,
        value="$myhostname ESMTP",
        generated=None,
    )

    name: str
    kind: str
    default: str
    forbidden: bool
    value: str | None
    generated: str | None


class Vocabulary(Told):
    """What can be written in main.cf and master.cf: parameters, services, tables, types of tables."""

    model_config = example(
        services=["smtp/inet", "relay/unix"],
        tables=["hash:$maps_d_dir/hash-tls-policy.map"],
        map_types=["hash", "lmdb", "pcre"],
    )

    parameters: list[Parameter]
    services: list[str]
    tables: list[str]
    map_types: list[str]


class Table(Told):
    """A look-up table with its text, and the lines of own texts that use it."""

    model_config = example(
        name="tls-policy",
        type="hash",
        text="example.com encrypt\n",
        version=20,
        used=[{"noun": "own-lines", "key": "main-cf", "field": "smtp_tls_policy_maps", "line": 3, "file": ""}],
    )

    name: str
    type: str
    text: str
    version: int
    used: list[Place]


@GROUP.get("/own-lines/{name}", Right.VIEW, response_model=OwnLines)
def show_own_lines(call: Asked, name: OwnName) -> Any:
    """Show own lines of the draft."""
    found = own_lines.show(call.gateway, call.actor, name)
    call.tag(found.version)
    return found


@GROUP.put(
    "/own-lines/{name}",
    Right.RAW,
    response_model=Saved,
    conditional=True,
    largest=LARGE,
    example={"noun": "own-lines", "key": "main-cf", "version": 19},
)
def replace_own_lines(call: Asked, name: OwnName, body: Text, match: Required) -> Any:
    """Replace own lines; an empty text removes them. They are as powerful as root, and checked as such."""
    with match.holding() as base:
        saved = own_lines.edit(call.gateway, call.actor, name, body.text, base=base)
    call.tag(saved.version if body.text.strip() else None)
    return saved


@GROUP.get("/lookup-tables/{name}", Right.VIEW, response_model=Table)
def show_lookup_table(call: Asked, name: TableName) -> Any:
    """Show a look-up table of the draft with its text and where it is used."""
    found = lookup_tables.show(call.gateway, call.actor, name)
    call.tag(found.version)
    return found


@GROUP.put(
    "/lookup-tables/{name}",
    Right.EDIT,
    response_model=Saved,
    conditional=True,
    largest=LARGE,
    names={"file": "text"},
    example={"noun": "lookup-table", "key": "tls-policy", "version": 20},
)
def replace_lookup_table_text(call: Asked, name: TableName, body: Text, match: Required) -> Any:
    """Replace the text of a look-up table; the table itself is a row of the kind `lookup-table`."""
    with match.holding() as base:
        saved = lookup_tables.edit(call.gateway, call.actor, name, body.text, base=base)
    call.tag(saved.version)
    return saved


@GROUP.post("/text-checks", Right.VIEW, response_model=list[Finding], largest=4 << 20)
def check_text(call: Asked, body: Typed) -> Any:
    """Say what is wrong with a text that is not saved, line by line. A list needs the right to edit it besides."""
    if body.of == "lookup-table":
        found = editing.check_table_text(call.gateway, call.actor, body.name, body.type, body.text)
    elif body.of == "rows":
        found = editing.check_rows_text(call.gateway, call.actor, body.name, body.text)
    else:
        found = editing.check_own_text(call.gateway, call.actor, body.of, body.text)
    return findings_of(found)


@GROUP.get("/parameters", Right.VIEW, response_model=Vocabulary)
def list_parameters(call: Asked) -> Any:
    """List what can be written in own lines, with what the draft says of each parameter."""
    return editing.words(call.gateway, call.actor)


@GROUP.get(
    "/files/{name}",
    Right.VIEW,
    response_class=PlainTextResponse,
    responses={
        200: {"description": "The file", "content": {"text/plain": {"schema": {"type": "string"}, "example": _FILE}}}
    },
)
def show_file(
    call: Asked,
    name: Annotated[Literal["main.cf", "master.cf"], Path(description="Which file.")],
    state: StateWord = "draft",
) -> Any:
    """Show a file as it is rendered from a state. A secret in it is only `(secret)`."""
    text = rendering.rendered_file(call.gateway, call.actor, state_of(state), name)
    return PlainTextResponse(text)
