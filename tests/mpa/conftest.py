"""An MPA program between an LMTP client and a sink that plays the re-injection smtpd."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.support.mpa_program import MpaProgram
from tests.support.sink import Sink
from tests.support.smtp_client import SmtpClient

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sink():
    with Sink() as sink:
        yield sink


@pytest.fixture
def mpa(sink):
    with MpaProgram.temporary(f"127.0.0.1:{sink.port}") as mpa:
        mpa.start()
        yield mpa


@pytest.fixture
def session(mpa):
    with lmtp_session(mpa) as client:
        yield client


@contextmanager
def lmtp_session(mpa: MpaProgram) -> Iterator[SmtpClient]:
    """Give an LMTP session after LHLO."""
    with SmtpClient(mpa.address) as client:
        client.ehlo("postfix.test", verb="LHLO")
        yield client
