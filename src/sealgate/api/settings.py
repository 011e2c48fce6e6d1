"""Settings: the values of the pages "MTA configuration" and TLS, in the draft."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import Field

from sealgate.api.call import Asked
from sealgate.api.examples import example
from sealgate.api.operations import Group
from sealgate.api.preconditions import Required
from sealgate.api.problems import not_possible
from sealgate.api.shapes import Given, Saved, Told
from sealgate.model.errors import InvalidValue
from sealgate.services import settings
from sealgate.services.actor import Right

GROUP = Group("settings", "The values of MTA configuration and TLS. All of it is in the draft until it is applied.")

Name = Annotated[str, Path(description="A setting, such as `my-hostname`.", examples=["my-hostname"], max_length=100)]


class Setting(Told):
    """A setting in the draft, beside what is live. A secret is only ever "stored"."""

    model_config = example(
        name="my-hostname",
        title="My hostname",
        page="MTA configuration",
        help="The fully qualified name of this gateway.",
        value="mx.example.com",
        shown="mx.example.com",
        is_set=True,
        live=None,
        pending=True,
        version=18,
    )

    name: str
    title: str
    page: str
    help: str
    value: Any
    shown: str = Field(description="The value in words.")
    is_set: bool = Field(description="False: it has its default.")
    live: Any
    pending: bool = Field(description="Whether the draft differs from what is live.")
    version: int | None


class Settings(Told):
    """All settings asked for."""

    items: list[Setting]


class Value(Given):
    """A new value, as the page takes it."""

    value: Any = Field(examples=["mx.example.com"])


class Values(Given):
    """Several new values, kept all or none; `bases` has the version that was seen of each (null: not set)."""

    values: dict[str, Any] = Field(examples=[{"my-hostname": "mx.example.com"}], max_length=200)
    bases: dict[str, int | None] = Field({}, max_length=200)


@GROUP.get("/settings", Right.VIEW, response_model=Settings)
def list_settings(
    call: Asked, page: Annotated[str, Query(description="Only those of this page.", max_length=100)] = ""
) -> Any:
    """List the settings in the order of the pages."""
    found = settings.show(call.gateway, call.actor)
    return {"items": [item for item in found if not page or item.page == page]}


@GROUP.patch(
    "/settings",
    Right.EDIT,
    response_model=list[Saved],
    fields_at="/values",
    example=[{"noun": "setting", "key": "my-hostname", "version": 18}],
)
def change_settings(call: Asked, body: Values) -> Any:
    """Set several settings, all or none.

    Those whose value stays are left alone, those at their default are unset. The answer names what was changed.
    """
    odd = sorted(body.bases.keys() - body.values.keys())
    if odd:
        said = {"detail": "This setting is not among the values.", "remedy": "Name a version only of what is set."}
        places = ({"pointer": f"/bases/{name.replace('~', '~0').replace('/', '~1')}"} for name in odd)
        raise not_possible("Versions of other settings were named. Nothing was changed.", *(said | at for at in places))
    return settings.set_many(call.gateway, call.actor, body.values, body.bases)


@GROUP.get("/settings/{name}", Right.VIEW, response_model=Setting)
def show_setting(call: Asked, name: Name) -> Any:
    """Show one setting."""
    (found,) = settings.show(call.gateway, call.actor, [name])
    call.tag(found.version)
    return found


@GROUP.put(
    "/settings/{name}",
    Right.EDIT,
    response_model=Saved,
    conditional=True,
    example={"noun": "setting", "key": "my-hostname", "version": 18},
)
def set_setting(call: Asked, name: Name, body: Value, match: Required) -> Any:
    """Set one setting."""
    with match.holding() as base:
        try:
            saved = settings.set_value(call.gateway, call.actor, name, body.value, base=base)
        except InvalidValue as fault:
            raise InvalidValue(*(replace(problem, field="value") for problem in fault.problems)) from None
    call.tag(saved.version)
    return saved


@GROUP.delete(
    "/settings/{name}",
    Right.EDIT,
    response_model=Saved,
    conditional=True,
    example={"noun": "setting", "key": "my-hostname", "version": None},
)
def unset_setting(call: Asked, name: Name, match: Required) -> Any:
    """Go back to the default."""
    with match.holding() as base:
        saved = settings.unset(call.gateway, call.actor, name, base=base)
    call.tag(None)
    return saved
