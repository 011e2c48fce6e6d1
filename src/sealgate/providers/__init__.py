"""Where dynamic client access lists come from: `fetch` asks one source and returns its networks, or says why not."""

from sealgate.model.errors import NotFetched
from sealgate.providers.fetching import fetch
from sealgate.providers.source import Fetched, Reach, Source

__all__ = ["Fetched", "NotFetched", "Reach", "Source", "fetch"]
