"""Short words for tests of rows: the key, the kept fields, and the fields at fault."""

from __future__ import annotations

import pytest

from sealgate.model.errors import InvalidValue
from sealgate.model.nouns import NOUNS


def key(noun, **fields):
    return NOUNS[noun].row(fields).key


def kept(noun, **fields):
    return NOUNS[noun].fields(NOUNS[noun].parse(fields))


def refused(noun, **fields):
    with pytest.raises(InvalidValue) as caught:
        NOUNS[noun].parse(fields)
    return [problem.field for problem in caught.value.problems]
