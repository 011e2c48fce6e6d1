"""One gateway's settings: file, environment, paths, and what is said of a fault."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealgate.model.errors import InvalidValue, NotFound
from sealgate.settings import Endpoint, Settings, keys


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    (tmp_path / "sealgate.toml").write_text("")
    return tmp_path


def write(gateway: Path, text: str) -> Settings:
    (gateway / "sealgate.toml").write_text(text)
    return Settings.load(gateway)


def said_of(gateway: Path, text: str) -> str:
    with pytest.raises(InvalidValue) as refused:
        write(gateway, text)
    return str(refused.value).replace(str(gateway), "DIR")


def test_an_empty_file_means_the_trial_gateway(gateway: Path) -> None:
    settings = Settings.load(gateway)

    assert settings.smtp_listeners == (("", 2525),)
    assert (settings.mpa_address, settings.reinject_address) == (("127.0.0.1", 10025), ("127.0.0.1", 10026))
    assert (settings.control_user, settings.mpa_user, settings.admin_group) == ("sealgate", "sealgate-mpa", "sealgate")


def test_the_file_sets_a_value(gateway: Path) -> None:
    assert write(gateway, "smtp_port = 2600").smtp_port == 2600


def test_listening_addresses_are_written_in_the_shortest_form(gateway: Path) -> None:
    settings = write(gateway, 'smtp_addresses = ["[2001:DB8:0::1]", "127.0.0.1"]')

    assert settings.smtp_listeners == (("2001:db8::1", 2525), ("127.0.0.1", 2525))


def test_the_environment_beats_the_file(gateway: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALGATE_SMTP_PORT", "2601")
    monkeypatch.setenv("SEALGATE_SMTP_ADDRESSES", "::1, 127.0.0.1")

    settings = write(gateway, "smtp_port = 2600")

    assert settings.smtp_listeners == (("::1", 2601), ("127.0.0.1", 2601))


def test_settings_never_change(gateway: Path) -> None:
    settings = Settings.load(gateway)

    with pytest.raises(ValueError, match="frozen"):
        settings.smtp_port = 1


def test_the_database_is_sqlite_in_the_control_directory_unless_named(gateway: Path) -> None:
    assert Settings.load(gateway).database_url == f"sqlite:///{gateway}/control/sealgate.db"
    assert write(gateway, 'database = "postgresql+psycopg:///gate"').database_url == "postgresql+psycopg:///gate"


def test_a_program_of_the_host_half_is_not_told_the_database(gateway: Path) -> None:
    settings = write(gateway, 'database = "postgresql+psycopg://u:secret@db/gate"').without_database()

    assert "secret" not in settings.database_url
    assert settings.directory == gateway


def test_the_password_of_the_database_is_not_in_the_representation(gateway: Path) -> None:
    assert "secret" not in repr(write(gateway, 'database = "postgresql+psycopg://u:secret@db/gate"'))


def test_the_mpa_has_as_many_workers_as_there_are_cores_unless_told(gateway: Path) -> None:
    assert Settings.load(gateway).workers == len(os.sched_getaffinity(0))
    assert write(gateway, "mpa_workers = 5").workers == 5


def test_every_path_lies_in_the_gateway(gateway: Path) -> None:
    settings = Settings.load(gateway)
    paths = {
        name: value
        for name, attribute in vars(Settings).items()
        if isinstance(attribute, property)
        for value in [getattr(settings, name)]
        if isinstance(value, Path)
    }

    assert {name: str(path.relative_to(gateway)) for name, path in paths.items()} == {
        "agent_socket": "run/agent.sock",
        "control_directory": "control",
        "data_directory": "postfix/data",
        "directory": ".",
        "events_file": "log/events.log",
        "file": "sealgate.toml",
        "group_key_file": "node/group.key",
        "log_directory": "log",
        "log_file": "log/sealgate.log",
        "mail_log": "log/mail.log",
        "node_directory": "node",
        "policy_file": "postfix/conf/policy.json",
        "postfix_conf": "postfix/conf",
        "postfix_directory": "postfix",
        "public_key_file": "control/group.pub",
        "releases_directory": "postfix/releases",
        "run_directory": "run",
        "spool_directory": "postfix/spool",
        "web_directory": "web",
    }


def test_a_relative_directory_becomes_absolute(gateway: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(gateway)

    assert Settings.load(Path()).directory == gateway


def test_a_directory_without_a_gateway_is_refused_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refused:
        Settings.load(tmp_path)

    assert str(refused.value) == f"There is no gateway in {tmp_path}. Make one: sealgate init {tmp_path}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("web_prot = 1", "DIR/sealgate.toml: web_prot is no setting. Did you mean web_port?"),
        ("smtp_port = 0", "DIR/sealgate.toml, smtp_port: Input should be greater than or equal to 1. The default is"),
        ("mpa_workers = 1.5", "DIR/sealgate.toml, mpa_workers: Input should be a valid integer"),
        ('smtp_addresses = ["gw"]', "DIR/sealgate.toml, smtp_addresses: “gw” is no IP address. Write it like"),
        ('mpa_user = "a b"', "DIR/sealgate.toml, mpa_user: “a b” is no name of a user or group."),
        ("smtp_port = 10025", "DIR/sealgate.toml: mpa_port and smtp_port are both 10025. Give each a port"),
        ("smtp_port", "DIR/sealgate.toml: Expected '=' after a key"),
    ],
)  # fmt: skip
def test_a_fault_names_the_file_the_key_and_what_would_be_right(gateway: Path, text: str, said: str) -> None:
    assert said in said_of(gateway, text)


def test_every_fault_is_told_at_once(gateway: Path) -> None:
    assert len(said_of(gateway, 'smtp_port = "a"\nweb_port = "b"').splitlines()) == 2


def test_a_fault_of_the_environment_names_the_variable(gateway: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALGATE_SMTP_PORT", "x")

    assert said_of(gateway, "").startswith("environment variable SEALGATE_SMTP_PORT: ")


def test_a_fault_never_quotes_the_database(gateway: Path) -> None:
    assert "secret" not in said_of(gateway, 'database = ["postgresql+psycopg://u:secret@db/gate"]')


def test_a_file_that_this_user_may_not_read_says_what_to_do(gateway: Path) -> None:
    (gateway / "sealgate.toml").chmod(0o600)
    program = (
        "import os, sys; from pathlib import Path; from sealgate.settings import Settings\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try: Settings.load(Path(sys.argv[1]))\n"
        "except Exception as fault: print(type(fault).__name__, fault)"
    )

    run = subprocess.run([sys.executable, "-c", program, str(gateway)], capture_output=True, text=True, check=True)

    assert run.stdout.startswith("NotPermitted ")


def test_an_endpoint_is_written_as_postfix_does() -> None:
    assert str(Endpoint("::1", 25)) == "[::1]:25"
    assert str(Endpoint("127.0.0.1", 25)) == "127.0.0.1:25"


def test_every_key_has_a_meaning_for_the_documentation() -> None:
    assert [key for key, meaning in keys().items() if not meaning.endswith(".")] == []


@pytest.mark.parametrize(
    ("text", "address", "origins"),
    [
        ("", "https://localhost:8443", ("https://localhost:8443", "https://localhost")),
        (
            'web_name = "Mail.Example.com"',
            "https://mail.example.com:8443",
            ("https://mail.example.com:8443", "https://mail.example.com"),
        ),
        ('web_name = "mail.example.com"\nweb_port = 443', "https://mail.example.com", ("https://mail.example.com",)),
    ],
)
def test_the_pages_are_found_under_the_name_given(
    gateway: Path, text: str, address: str, origins: tuple[str, ...]
) -> None:
    settings = write(gateway, text)

    assert (settings.web_address, settings.web_origins) == (address, origins)


OPENID = 'web_name = "m.example.com"\nopenid_client = "c"\nopenid_secret = "s3cret"\nopenid_roles = ["a b=viewer"]\n'


def test_an_openid_provider_is_read_and_its_secret_is_not_shown(gateway: Path) -> None:
    settings = write(gateway, OPENID + 'openid_issuer = "https://id.example.com"')

    assert settings.roles_of_groups == (("a b", "viewer"),)
    assert settings.openid_secret == "s3cret"
    assert "s3cret" not in repr(settings)
    assert settings.without_database().openid_secret == ""


@pytest.mark.parametrize(
    "line",
    [
        'openid_issuer = "http://id.example.com"',
        'openid_issuer = "https://user:pw@id.example.com"',
        'openid_issuer = "https://id.example.com?x=1"',
        'openid_issuer = "id.example.com"',
    ],
)
def test_an_openid_provider_without_https_is_refused(gateway: Path, line: str) -> None:
    with pytest.raises(InvalidValue, match="no address of an OpenID provider"):
        write(gateway, OPENID + line)


@pytest.mark.parametrize("pair", ["group=owner", "group", "=viewer", "group=root"])
def test_a_group_gives_a_role_below_owner(gateway: Path, pair: str) -> None:
    with pytest.raises(InvalidValue, match="no group with a role"):
        write(gateway, f'openid_roles = ["{pair}"]')


def test_an_openid_provider_needs_the_rest_besides(gateway: Path) -> None:
    with pytest.raises(InvalidValue, match="web_name and openid_client and openid_roles"):
        write(gateway, 'openid_issuer = "https://id.example.com"')


@pytest.mark.parametrize("name", ["mail", "192.0.2.1", "https://mail.example.com", "mail.example.com:8443", "a b"])
def test_a_name_for_browsers_is_a_host_name(gateway: Path, name: str) -> None:
    with pytest.raises(InvalidValue):
        write(gateway, f'web_name = "{name}"')


@pytest.mark.parametrize("proxy", ["proxy.example", "https://proxy.example:3128", "http://proxy.example", "http://a:x"])
def test_a_proxy_without_its_parts_is_refused(gateway: Path, proxy: str) -> None:
    (gateway / "sealgate.toml").write_text(f'provider_proxy = "{proxy}"\n')
    with pytest.raises(InvalidValue, match="no address of a proxy"):
        Settings.load(gateway)


def test_the_password_of_a_proxy_is_not_shown_nor_given_to_the_host_half(gateway: Path) -> None:
    (gateway / "sealgate.toml").write_text('provider_proxy = "http://me:hush@proxy.example:3128/"\n')
    settings = Settings.load(gateway)

    assert settings.provider_proxy == "http://me:hush@proxy.example:3128"
    assert "hush" not in repr(settings)
    assert settings.without_database().provider_proxy == ""
