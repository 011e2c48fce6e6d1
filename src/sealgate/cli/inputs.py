"""What a command reads besides its arguments: files, standard input, secrets, an editor.

Files that the caller names are opened with the caller's rights. Secrets come from a file, a prompt without echo, or
standard input, never from the argument list, where every user of the machine could read them (proc(5), cmdline).
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from sealgate.model.errors import InvalidValue, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.cli.identity import Identity

LONGEST_SECRET = 1024 * 1024


@contextlib.contextmanager
def opened(identity: Identity, name: str) -> Iterator[IO[bytes]]:
    """Open a file that the caller named for reading; `-` is standard input."""
    if name == "-":
        yield sys.stdin.buffer
        return
    with identity.as_caller():
        stream = Path(name).open("rb")  # noqa: SIM115 - closed below, under other ids
    with stream:
        yield stream


def is_there(identity: Identity, name: str) -> bool:
    """Tell whether `created` would replace a file that the caller named."""
    with identity.as_caller():
        return name != "-" and Path(name).is_file()


@contextlib.contextmanager
def created(identity: Identity, name: str, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """Write a file that the caller named; it has its name only when complete. `-` is standard output.

    A device or a pipe is written to as it is.
    """
    if name == "-":
        yield sys.stdout.buffer
        return
    with identity.as_caller():
        target = Path(name).resolve()
        special = target.exists() and not target.is_file()
        if special:
            device = target.open("wb")
    if special:
        with device:
            yield device
        return
    with identity.as_caller():
        stream = tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False)  # noqa: SIM115
    try:
        with stream:
            yield stream.file
            stream.flush()
            os.fsync(stream.fileno())
        with identity.as_caller():
            os.chmod(stream.name, mode & ~_umask())  # noqa: PTH101
            os.replace(stream.name, target)  # noqa: PTH105
    except BaseException:
        with identity.as_caller(), contextlib.suppress(FileNotFoundError):
            os.unlink(stream.name)  # noqa: PTH108
        raise


def _umask() -> int:
    now = os.umask(0o077)
    os.umask(now)
    return now


def text_of(identity: Identity, name: str) -> str:
    """Return the text of a file that the caller named (UTF-8)."""
    with opened(identity, name) as stream:
        data = stream.read()
    try:
        return data.decode()
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise InvalidValue.of(
            f"{'Standard input' if name == '-' else name} is not UTF-8 text: line {line} has the byte "
            f"0x{data[fault.start]:02x}.",
            "Save it as UTF-8.",
            "file",
        ) from None


def secret(identity: Identity, what: str, file: str | None) -> str:
    """Return a secret from a file, from standard input (`-`), or asked for on the terminal without echo."""
    if file is not None:
        return _secret_from(identity, what, file)
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, confirmation_prompt=True, err=True))
    return _secret_from(identity, what, "-")


def _secret_from(identity: Identity, what: str, file: str) -> str:
    with opened(identity, file) as stream:
        data = stream.read(LONGEST_SECRET + 1)
    if len(data) > LONGEST_SECRET:
        raise InvalidValue.of(f"{what} is longer than one mebibyte.", "This cannot be the right file.")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InvalidValue.of(f"{what} is not UTF-8 text.") from None  # the fault would quote the secret
    return text.removesuffix("\n").removesuffix("\r")


def edited(identity: Identity, text: str, suffix: str) -> str:
    """Let the caller change a text in $VISUAL or $EDITOR and return it.

    Raises Refused when there is no editor or it fails; the text is then where the message says.
    """
    with identity.as_caller():
        file = kept(text, suffix)
        try:
            click.edit(filename=str(file))
            changed = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError, click.ClickException) as fault:
            raise Refused(
                f"The editor did not end well: {fault}. The text is kept in {file}. "
                "Set EDITOR to an editor, or give a file with --file."
            ) from None
        file.unlink()
    return changed


def kept(text: str, suffix: str) -> Path:
    """Write a text to a new file that only the caller can read, and return its path."""
    handle, name = tempfile.mkstemp(prefix="sealgate-", suffix=suffix)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    return Path(name)


def is_terminal(stream: IO[str]) -> bool:
    """Tell whether a stream is a terminal, also when it is closed or has no file."""
    try:
        return stream.isatty()
    except ValueError:
        return False
