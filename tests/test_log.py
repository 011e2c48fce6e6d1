"""What Sealgate's own log says, and what it never says."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealgate import log

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "Xq7-correct-horse"
SECRET_KEYS = ["password", "Passwd", "sasl_password", "passphrase", "client_secret", "api_key", "private-key", "token"]


@pytest.fixture(autouse=True)
def _log_closed_afterwards() -> Iterator[None]:
    yield
    log.open_log()


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def nested(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Structures of dictionaries, lists and tuples that hold `leaf` somewhere."""
    return st.recursive(
        leaf,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3)
            | st.tuples(inner)
            | st.dictionaries(st.sampled_from(["row", "fields", "0"]), inner, min_size=1)
        ),
        max_leaves=5,
    )


def test_a_line_is_one_json_object_with_event_part_level_and_time(tmp_path: Path) -> None:
    log.open_log(tmp_path / "sealgate.log")

    log.logger("agent").info("revision applied", revision=7)

    [line] = lines_of(tmp_path / "sealgate.log")
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "revision applied", "part": "agent", "level": "info", "revision": 7}


def test_an_exception_is_written_with_its_traceback(tmp_path: Path) -> None:
    log.open_log(tmp_path / "sealgate.log")

    try:
        (tmp_path / "absent").read_text()
    except OSError:
        log.logger("agent").exception("cannot read")

    assert "FileNotFoundError" in lines_of(tmp_path / "sealgate.log")[0]["exception"]


def test_lines_of_the_standard_library_take_the_same_way(tmp_path: Path) -> None:
    log.open_log(tmp_path / "sealgate.log")

    logging.getLogger("alembic").warning("migrating %s", "draft", extra={})

    [line] = lines_of(tmp_path / "sealgate.log")
    assert (line["event"], line["logger"], line["level"]) == ("migrating draft", "alembic", "warning")


def test_opening_the_log_again_leaves_the_former_file(tmp_path: Path) -> None:
    log.open_log(tmp_path / "first")
    log.open_log(tmp_path / "second")

    log.logger("agent").info("hello")

    assert (tmp_path / "first").read_text() == ""


def test_lines_below_the_level_are_not_written(tmp_path: Path) -> None:
    log.open_log(tmp_path / "sealgate.log", level=logging.WARNING)

    log.logger("agent").info("quiet")

    assert lines_of(tmp_path / "sealgate.log") == []


def test_a_full_disk_neither_stops_the_program_nor_fills_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    log.open_log(Path("/dev/full"))

    log.logger("agent").info("revision applied")

    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    log.open_log(terminal=True)

    log.logger("up").info("agent is ready", pid=12)
    log.logger("up").warning("MPA ended")

    assert capsys.readouterr().err == "agent is ready pid=12\nwarning: MPA ended\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    key=st.sampled_from(SECRET_KEYS),
    value=nested(st.just(SECRET)),
    around=st.sampled_from(["detail", "rows"]),
)
def test_what_stands_under_a_key_that_names_a_secret_is_never_written(
    tmp_path: Path, key: str, value: Any, around: str
) -> None:
    file = tmp_path / "sealgate.log"
    log.open_log(file)

    log.logger("agent").info("saved", **{around: [{key: value}], key: value})

    assert SECRET not in file.read_text("utf-8")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=nested(st.just(SECRET) | st.just(f"AUTH failed for u with {SECRET}!")))
def test_a_registered_text_is_never_written_wherever_it_stands(tmp_path: Path, value: Any) -> None:
    file = tmp_path / "sealgate.log"
    log.open_log(file)

    with log.hide(SECRET):
        log.logger("agent").info(f"saw {SECRET}", value=value, **{SECRET: 1})
        logging.getLogger("other").error("saw %s", value)

    assert SECRET not in file.read_text("utf-8")


def test_a_registered_text_is_not_in_a_traceback(tmp_path: Path) -> None:
    log.open_log(tmp_path / "sealgate.log")

    with log.hide(SECRET):
        try:
            int(SECRET)
        except ValueError:
            log.logger("agent").exception("login failed")

    assert SECRET not in (tmp_path / "sealgate.log").read_text()


def test_a_text_is_hidden_until_the_last_that_registered_it_lets_go(tmp_path: Path) -> None:
    log.open_log(tmp_path / "sealgate.log")

    with log.hide(SECRET):
        with log.hide(SECRET):
            pass
        log.logger("agent").info(SECRET)

    assert lines_of(tmp_path / "sealgate.log")[0]["event"] == log.HIDDEN


def test_the_password_of_a_url_is_not_written(tmp_path: Path) -> None:
    log.open_log(tmp_path / "sealgate.log")

    log.logger("up").info("database postgresql+psycopg://gate:s3cret@db.example/gate is open")

    assert lines_of(tmp_path / "sealgate.log")[0]["event"] == (
        "database postgresql+psycopg://gate:(hidden)@db.example/gate is open"
    )


@dataclass
class Login:
    user: str
    password: str


class Opaque:
    def __str__(self) -> str:
        return SECRET


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Login("u", SECRET), {"user": "u", "password": "(hidden)"}),
        (Opaque(), "(Opaque)"),
        (SECRET.encode(), "(bytes)"),
        (Path("/etc/ssl"), "/etc/ssl"),
        (ip_address("2001:db8::1"), "2001:db8::1"),
        (OSError("disk is full"), "OSError: disk is full"),
        ({"password": None}, {"password": None}),
        (frozenset({1}), [1]),
    ],
)
def test_a_value_is_written_by_what_it_is(tmp_path: Path, value: object, written: object) -> None:
    log.open_log(tmp_path / "sealgate.log")

    log.logger("agent").info("saved", value=value)

    assert lines_of(tmp_path / "sealgate.log")[0]["value"] == written


def test_a_structure_that_holds_itself_ends(tmp_path: Path) -> None:
    log.open_log(tmp_path / "sealgate.log")
    loop: list[object] = []
    loop.append(loop)

    log.logger("agent").info("saved", value=loop)

    assert "…" in (tmp_path / "sealgate.log").read_text("utf-8").encode().decode("unicode_escape")


@pytest.mark.parametrize(
    "text",
    [
        "sgs_" + "a" * 43,
        "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&issuer=y",
        "https://mail.example.com/sign-in/openid?code=JBSWY3DPEHPK3PXP&state=x",
        "$argon2id$v=19$m=65536,t=3,p=4$JBSWY3DPEHPK3PXP$JBSWY3DPEHPK3PXP",
    ],
)
def test_what_lets_somebody_in_is_hidden_by_its_shape(text: str) -> None:
    said = str(log.redact(None, "", {"event": f"GET {text} HTTP/1.1", "list": [text]}))

    assert "JBSWY3DPEHPK3PXP" not in said
    assert "a" * 43 not in said
