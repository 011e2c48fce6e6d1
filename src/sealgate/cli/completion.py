"""Shell completion: the script for each shell, and the names that only the gateway knows.

Names come from the model (kinds of rows, settings) or from the draft (keys). Completion never shows an error: where the
gateway cannot be read there is nothing to offer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 200
VARIABLE = "_SEALGATE_COMPLETE"


def nouns(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer kinds of rows."""
    return _matching({noun.name: noun.title for noun in NOUNS.values()}.items(), incomplete)


def setting_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer settings."""
    return _matching(((name, setting.title) for name, setting in SETTINGS.items()), incomplete)


def objects(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer what `show` and `discard` take: `settings`, own lines, kinds of rows, and then keys."""
    first = str(ctx.params.get("what") or ctx.params.get("noun") or "")
    if first in {"settings", "setting"}:
        return setting_names(ctx, param, incomplete)
    if first in NOUNS:
        return keys(ctx, param, incomplete, noun=first)
    words = [("settings", "all settings"), ("main-cf", "own lines"), ("master-cf", "own lines")]
    return _matching(words, incomplete) + nouns(ctx, param, incomplete)


def keys(ctx: click.Context, _param: click.Parameter, incomplete: str, noun: str = "") -> list[CompletionItem]:
    """Offer keys of the draft's rows that begin with what was typed."""
    name = noun or str(ctx.params.get("noun") or "")
    terminal = ctx.ensure_object(Terminal)
    try:
        from sealgate.services import rows

        page = rows.listing(terminal.gateway, terminal.actor, name, search=incomplete, limit=MOST)
        return _matching(((row.key, row.comment) for row in page.rows), incomplete)
    except Exception:  # noqa: BLE001 - a shell that completes has no place for an error
        return []
    finally:
        terminal.close()


def _matching(words: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(word, help=text) for word, text in words if word.startswith(incomplete)]


@click.command("completion", cls=Verb, short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@pass_terminal
def completion(terminal: Terminal, shell: str) -> None:
    r"""Print the script that teaches a shell to complete `sealgate`.

    \b
    bash: sealgate completion bash > /etc/bash_completion.d/sealgate
    zsh:  sealgate completion zsh > /usr/local/share/zsh/site-functions/_sealgate
    fish: sealgate completion fish > /etc/fish/completions/sealgate.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    root = click.get_current_context().find_root().command
    script = kind(root, {}, "sealgate", VARIABLE).source()
    terminal.answer({"shell": shell, "script": script}, [script])
