"""The settings of one gateway on one machine: ports, addresses, users, database. Not what administrators edit.

A gateway is a directory. Its `sealgate.toml` holds the values below, one `key = value` a line; the environment
variable `SEALGATE_<KEY>` beats the file, and what neither names has the default given here. `Settings.load` reads
them once at the start of a program; afterwards they never change. Every path of the gateway directory is a property
here, so that no other module spells one.

A file that cannot be used is refused with every fault at once: the file or variable, the key, what would be right.
The trial gateway listens for SMTP on all addresses of the machine: a gateway must be reachable, and without
an administrator's word it relays for nobody but the machine itself. The MPA and the re-injection listener are on
loopback, always; that is no setting.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from sealgate.model.errors import InvalidValue, NotFound, NotPermitted, Problem
from sealgate.model.names import HostName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

FILE_NAME = "sealgate.toml"
LOOPBACK = "127.0.0.1"
HTTPS_PORT = 443
ROLES_BY_GROUP = ("administrator", "operator", "auditor", "viewer")
"""The roles that a group of an OpenID provider can give: all but owner."""
_USER_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


class Endpoint(NamedTuple):
    """An address and a TCP port to listen on or to connect to; equals the plain pair `(host, port)`."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return the pair as people and Postfix write it, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        message = f"“{text}” is no IP address. Write it like 192.0.2.1 or 2001:db8::1."
        raise ValueError(message) from None


def _user(name: str) -> str:
    if not _USER_NAME.fullmatch(name):
        message = f"“{name}” is no name of a user or group. Write a name that `getent passwd` or `getent group` knows."
        raise ValueError(message)
    return name


def _several(value: object) -> object:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _listed(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _web_name(name: str) -> str:
    if name in {"", "localhost"}:
        return name
    try:
        return HostName.parse(name, "web_name").ascii
    except InvalidValue as fault:
        raise ValueError(str(fault)) from None


def _issuer(text: str) -> str:
    url = urlsplit(text)
    inside = url.scheme == "http" and url.hostname in {"localhost", LOOPBACK, "::1"}
    if text and (not (url.scheme == "https" or inside) or not url.hostname or url.query or url.fragment or "@" in text):
        message = "This is no address of an OpenID provider. Write it like https://id.example.com."
        raise ValueError(message)
    return text


def _proxy(text: str) -> str:
    url = urlsplit(text)
    try:
        whole = not text or (url.scheme == "http" and bool(url.hostname and url.port) and url.path in {"", "/"})
    except ValueError:
        whole = False
    if not whole:
        message = "This is no address of a proxy. Write it like http://proxy.example.com:3128."
        raise ValueError(message)
    return text.removesuffix("/")


def _group_roles(pairs: tuple[str, ...]) -> tuple[str, ...]:
    for pair in pairs:
        group, _, role = pair.rpartition("=")
        if not group.strip() or role.strip() not in ROLES_BY_GROUP:
            message = f"“{pair}” is no group with a role. Write it like mail-admins=administrator; roles that a group "
            message += f"can give are {', '.join(ROLES_BY_GROUP)}."
            raise ValueError(message)
    return pairs


Port = Annotated[int, Field(ge=1, le=65535)]
UserName = Annotated[str, AfterValidator(_user)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_several)]
IpAddresses = Annotated[tuple[Annotated[str, AfterValidator(_address)], ...], NoDecode, BeforeValidator(_several)]


class Settings(BaseSettings):
    """One gateway's settings and the paths that follow from its directory; frozen. Made by `load`."""

    model_config = SettingsConfigDict(
        env_prefix="SEALGATE_", extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    smtp_addresses: IpAddresses = ()
    """Addresses that take mail from the network; an empty list means all addresses of the machine."""
    smtp_port: Port = 2525
    """TCP port that takes mail from the network."""
    web_port: Port = 8443
    """TCP port of the pages (HTTPS)."""
    web_addresses: IpAddresses = ()
    """Addresses on which the pages are served; an empty list means all addresses of the machine."""
    web_certificate: str = ""
    """File with the certificate of the pages and its chain, PEM; empty means that the gateway makes its own."""
    web_key: str = ""
    """File with the private key of that certificate, PEM; empty means that it stands in the certificate's file."""
    mpa_port: Port = 10025
    """TCP port on loopback where the MPA takes mail from Postfix."""
    reinject_port: Port = 10026
    """TCP port on loopback where Postfix takes mail back from the MPA."""
    mpa_workers: Annotated[int, Field(ge=0, le=256)] = 0
    """Processes of the MPA; 0 means one for each core."""
    nightly_at: Annotated[str, Field(pattern=r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9])?$")] = "02:30"
    """Time of day (HH:MM, the machine's) at which what is live is rehearsed in full; empty means never."""
    live_test_resolvers: IpAddresses = ()
    """Name servers that live tests ask; an empty list means those of /etc/resolv.conf, as Postfix."""
    provider_nameservers: IpAddresses = ()
    """Name servers asked when lists of providers are fetched; an empty list means those of /etc/resolv.conf."""
    provider_ca_file: str = ""
    """File with the authorities, PEM, trusted when lists of providers are fetched; empty means the system's."""
    provider_proxy: Annotated[str, Field(repr=False), AfterValidator(_proxy)] = ""
    """Proxy for fetching lists of providers, as http://[user:password@]host:port; empty means none."""
    provider_private: bool = False
    """Whether a list of a provider may be at a private address, or its name lead to one or to loopback; localhost and
    loopback typed as such are never taken."""
    database: Annotated[str, Field(repr=False)] = ""
    """URL of the database with the desired state; empty means SQLite in the directory `control`."""
    control_user: UserName = "sealgate"
    """User that owns the desired state and serves the pages."""
    mpa_user: UserName = "sealgate-mpa"
    """User that the MPA runs as; it can read neither the database nor the group key."""
    admin_group: UserName = "sealgate"
    """Group whose members may administer this gateway from the terminal."""
    web_name: Annotated[str, AfterValidator(_web_name)] = ""
    """Name by which browsers reach the pages, such as mail.example.com; passkeys and single sign-on need it."""
    openid_issuer: Annotated[str, AfterValidator(_issuer)] = ""
    """Address of the OpenID provider that people may sign in with, such as https://id.example.com; empty means none."""
    openid_client: str = ""
    """Name under which the OpenID provider knows this gateway (client id)."""
    openid_secret: Annotated[str, Field(repr=False)] = ""
    """Secret that this gateway shows the OpenID provider (client secret); empty means a public client."""
    openid_scopes: Words = ("openid", "profile", "email")
    """Scopes to ask the OpenID provider for; some send groups only for a scope such as groups."""
    openid_groups: str = "groups"
    """Claim of the OpenID provider that lists a person's groups."""
    openid_roles: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_group_roles)] = ()
    """Which group gets which role, as "group=role", the first that fits; who is in none may not sign in that way."""

    _directory: Path = PrivateAttr()

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read the settings of the gateway in `directory`.

        Raises NotFound where there is no gateway, InvalidValue with one problem for every wrong or unknown key.
        """
        file = Path(os.path.abspath(directory)) / FILE_NAME  # noqa: PTH100 - links stay as they were given
        values = _read(file)
        unknown = [_unknown(file, key) for key in values if key not in cls.model_fields]
        if unknown:
            raise InvalidValue(*unknown)
        return cls.of(file.parent, values)

    @classmethod
    def of(cls, directory: Path, values: Mapping[str, object]) -> Self:
        """Return settings with these values (the environment beats them) for a directory, which need not exist yet.

        Raises InvalidValue with one problem for every wrong value.
        """
        try:
            settings = cls(**dict[str, Any](values))
        except ValidationError as fault:
            raise InvalidValue(*(_problem(directory / FILE_NAME, error) for error in fault.errors())) from None
        settings._directory = directory
        return settings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment beat the file; read nothing else."""
        return env_settings, init_settings

    @model_validator(mode="after")
    def _openid_is_whole(self) -> Self:
        missing = [key for key in ("web_name", "openid_client", "openid_roles") if not getattr(self, key)]
        if self.openid_issuer and missing:
            message = f"openid_issuer needs {' and '.join(missing)} besides."
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        seen: dict[int, str] = {}
        for key in ("smtp_port", "web_port", "mpa_port", "reinject_port"):
            port = getattr(self, key)
            if port in seen:
                message = f"{key} and {seen[port]} are both {port}. Give each a port of its own."
                raise ValueError(message)
            seen[port] = key
        return self

    def without_database(self) -> Self:
        """Return these settings for a program that must reach neither the desired state nor others outside."""
        return self.model_copy(update={"database": "", "openid_secret": "", "provider_proxy": ""})

    @property
    def database_url(self) -> str:
        """The database in force, as a URL of SQLAlchemy."""
        return self.database or f"sqlite:///{self.control_directory / 'sealgate.db'}"

    @property
    def workers(self) -> int:
        """How many processes the MPA has."""
        return self.mpa_workers or len(os.sched_getaffinity(0))

    @property
    def web_address(self) -> str:
        """Where browsers find the pages, as the beginning of every link; without `web_name` on this machine only."""
        port = "" if self.web_port == HTTPS_PORT else f":{self.web_port}"
        return f"https://{self.web_name or 'localhost'}{port}"

    @property
    def web_origins(self) -> tuple[str, ...]:
        """The origins (RFC 6454) that passkeys are accepted from: with our port, and with that of a proxy before us."""
        return tuple(dict.fromkeys((self.web_address, f"https://{self.web_name or 'localhost'}")))

    @property
    def roles_of_groups(self) -> tuple[tuple[str, str], ...]:
        """The groups of the OpenID provider and the role that each gives, in the order that decides."""
        pairs = (pair.rpartition("=") for pair in self.openid_roles)
        return tuple((group.strip(), role.strip()) for group, _, role in pairs)

    @property
    def smtp_listeners(self) -> tuple[Endpoint, ...]:
        """Where Postfix takes mail from the network; the host is empty for all addresses of the machine."""
        return tuple(Endpoint(address, self.smtp_port) for address in self.smtp_addresses or ("",))

    @property
    def web_listeners(self) -> tuple[Endpoint, ...]:
        """Where the pages are served; the host is empty for all addresses of the machine."""
        return tuple(Endpoint(address, self.web_port) for address in self.web_addresses or ("",))

    @property
    def web_directory(self) -> Path:
        """The gateway's own certificate and key for the pages, for root only."""
        return self._directory / "web"

    @property
    def given_certificate(self) -> Path | None:
        """The certificate that the settings name; None where the gateway makes its own."""
        return self._directory / self.web_certificate if self.web_certificate else None

    @property
    def given_key(self) -> Path | None:
        """The key of that certificate."""
        return self._directory / (self.web_key or self.web_certificate) if self.web_certificate else None

    @property
    def mpa_address(self) -> Endpoint:
        """Where the MPA takes mail (LMTP)."""
        return Endpoint(LOOPBACK, self.mpa_port)

    @property
    def reinject_address(self) -> Endpoint:
        """Where Postfix takes mail back from the MPA (SMTP)."""
        return Endpoint(LOOPBACK, self.reinject_port)

    @property
    def directory(self) -> Path:
        """The gateway's directory, absolute."""
        return self._directory

    @property
    def file(self) -> Path:
        """The file that these settings were read from."""
        return self._directory / FILE_NAME

    @property
    def control_directory(self) -> Path:
        """What the unprivileged half owns: the database, the group's public key."""
        return self._directory / "control"

    @property
    def public_key_file(self) -> Path:
        """The node group's public key, for sealing secrets."""
        return self.control_directory / "group.pub"

    @property
    def node_directory(self) -> Path:
        """What only root may see: the group key, the journal, second copies of the releases."""
        return self._directory / "node"

    @property
    def group_key_file(self) -> Path:
        """The node group's private key."""
        return self.node_directory / "group.key"

    @property
    def postfix_directory(self) -> Path:
        """Everything of the private Postfix instance."""
        return self._directory / "postfix"

    @property
    def postfix_conf(self) -> Path:
        """The live configuration: a link to one release; renaming it is what makes a revision live."""
        return self.postfix_directory / "conf"

    @property
    def releases_directory(self) -> Path:
        """One directory for each rendered release."""
        return self.postfix_directory / "releases"

    @property
    def spool_directory(self) -> Path:
        """The instance's queue_directory."""
        return self.postfix_directory / "spool"

    @property
    def data_directory(self) -> Path:
        """The instance's data_directory."""
        return self.postfix_directory / "data"

    @property
    def policy_file(self) -> Path:
        """The MPA's policy, part of the live release."""
        return self.postfix_conf / "policy.json"

    @property
    def log_directory(self) -> Path:
        """All logs."""
        return self._directory / "log"

    @property
    def mail_log(self) -> Path:
        """Postfix's log."""
        return self.log_directory / "mail.log"

    @property
    def events_file(self) -> Path:
        """The MPA's log: one JSON object for each message."""
        return self.log_directory / "events.log"

    @property
    def log_file(self) -> Path:
        """Sealgate's own log, JSON lines."""
        return self.log_directory / "sealgate.log"

    @property
    def run_directory(self) -> Path:
        """The agent's socket and the notes on running processes."""
        return self._directory / "run"

    @property
    def agent_socket(self) -> Path:
        """Where the agent answers."""
        return self.run_directory / "agent.sock"


def keys() -> dict[str, str]:
    """Return every key of the file with its meaning, on one line, in the order of the documentation."""
    return {key: " ".join((field.description or "").split()) for key, field in Settings.model_fields.items()}


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        message = f"There is no gateway in {file.parent}. Make one: sealgate init {file.parent}"
        raise NotFound(message) from None
    except PermissionError:
        message = f"{file} may not be read by this user. Become root or a member of the group that owns the file."
        raise NotPermitted(message) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise InvalidValue.of(f"{fault}.", 'Write one `key = value` a line, text in "quotes".', str(file)) from None


def _unknown(file: Path, key: str) -> Problem:
    near = difflib.get_close_matches(key, Settings.model_fields, n=1)
    remedy = f"Did you mean {near[0]}?" if near else f"The keys are: {', '.join(Settings.model_fields)}."
    return Problem(str(file), f"{key} is no setting.", remedy)


def _problem(file: Path, error: ErrorDetails) -> Problem:
    """Say a fault of validation in our words; the value itself may be a secret and is left out."""
    reason = str(error.get("ctx", {}).get("error") or f"{error['msg']}.")
    if not error["loc"]:
        return Problem(str(file), reason)
    key = str(error["loc"][0])
    variable = f"SEALGATE_{key.upper()}"
    place = f"environment variable {variable}" if variable in os.environ else f"{file}, {key}"
    default = Settings.model_fields[key].default
    return Problem(place, reason, f"The default is {default}." if default not in {"", ()} else "")
