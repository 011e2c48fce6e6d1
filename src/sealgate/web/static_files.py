"""The files that every page needs (stylesheet, scripts, icon): read once at start, packed once, kept by browsers.

Pages name a file with the beginning of its digest (`/static/sealgate.css?v=…`). That address never means anything else,
so a browser asks once and keeps it; without the right digest it is told to ask again. Nothing is read from disk for a
request, so no path can lead out of the directory. The scripts in `built/` are bundled when Sealgate is installed
(`tools/assets.py`); while they are missing, pages come without them and work.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Self

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

MOUNTED = "/static"
SCRIPT = "built/pages.js"
_KEPT = "public, max-age=31536000, immutable"
_ASKED_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class File:
    """One file: its bytes, the same packed by gzip, its media type, the beginning of its digest."""

    body: bytes
    packed: bytes
    media: str
    version: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file."""
        body = path.read_bytes()
        media = mimetypes.guess_type(path.name)[0] or "text/plain"
        if media.startswith("text/"):
            media += "; charset=utf-8"
        return cls(body, gzip.compress(body, 9, mtime=0), media, hashlib.sha256(body).hexdigest()[:16])


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """All files, by their path below `/static/`; an ASGI application."""

    known: Mapping[str, File]

    @classmethod
    def load(cls) -> Self:
        """Read what lies in the package."""
        root = Path(str(files("sealgate.web") / "static"))
        found = (path for path in sorted(root.rglob("*")) if path.is_file())
        return cls({str(path.relative_to(root)): File.read(path) for path in found})

    @property
    def has_scripts(self) -> bool:
        """Whether the scripts were bundled."""
        return SCRIPT in self.known

    def address(self, name: str) -> str:
        """Return the address of a file, which changes with its content; empty if there is no such file."""
        file = self.known.get(name)
        return f"{MOUNTED}/{name}?v={file.version}" if file is not None else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._answer(Request(scope))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        name = request.url.path.removeprefix(f"{MOUNTED}/")
        file = self.known.get(name)
        if file is None or request.method not in {"GET", "HEAD"}:
            return PlainTextResponse("There is no such file, or not by this method.\n", 404 if file is None else 405)
        tag = f'"{file.version}"'
        kept = request.query_params.get("v") == file.version
        headers = {"etag": tag, "cache-control": _KEPT if kept else _ASKED_AGAIN, "vary": "accept-encoding"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        body = file.body
        if "gzip" in request.headers.get("accept-encoding", "") and len(file.packed) < len(body):
            body = file.packed
            headers["content-encoding"] = "gzip"
        return Response(body, media_type=file.media, headers=headers)
