"""A provider with these fields, and the fault that one is refused for."""

from __future__ import annotations

from typing import Any

import pytest

from sealgate.model.errors import InvalidValue, Problem
from sealgate.model.providers import PROVIDER, Provider


def made(**fields: Any) -> Provider:
    return PROVIDER.parse({"name": "cloud"} | fields)


def refused(**fields: Any) -> Problem:
    with pytest.raises(InvalidValue) as caught:
        made(**fields)
    return caught.value.problems[0]
