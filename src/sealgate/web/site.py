"""What all pages share while the program runs: the gateway, the texts, the templates, and what is known of the draft.

Made once at start. `identify` says who asks; there is no page without an answer to that, except signing in and the
files that every page needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from sealgate.services.jobs import Jobs
from sealgate.web import formats
from sealgate.web.next_steps import links
from sealgate.web.standing import Standing
from sealgate.web.static_files import StaticFiles
from sealgate.web.texts import Texts
from sealgate.web.watching import DraftWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway

    Identify = Callable[[Gateway, Request], Actor | None]


def templates(texts: Texts, static: StaticFiles) -> Environment:
    """Return the templates: everything is escaped, and a value that is missing is a fault."""
    made = Environment(
        loader=PackageLoader("sealgate.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["t"] = texts
    made.globals["static"] = static.address
    made.filters.update(formats.FILTERS)
    made.filters["links"] = links
    return made


@dataclass(slots=True)
class Site:
    """The pages' one gateway and what is kept in memory about it; `api` makes what is served below `/api/v1`."""

    gateway: Gateway
    identify: Identify
    texts: Texts = field(default_factory=Texts.load)
    api: Callable[[Site], ASGIApp] | None = None
    static: StaticFiles = field(default_factory=StaticFiles.load)
    jobs: Jobs = field(init=False)
    templates: Environment = field(init=False)
    standing: Standing = field(init=False)
    watch: DraftWatch = field(init=False)

    def __post_init__(self) -> None:
        """Put the parts together."""
        self.templates = templates(self.texts, self.static)
        self.jobs = Jobs(self.gateway)
        self.watch = DraftWatch(self.gateway)
        self.standing = Standing(self.gateway, self.watch)

    def close(self) -> None:
        """End what runs beside the pages."""
        self.watch.close()
        self.jobs.close()
