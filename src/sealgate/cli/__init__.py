"""The terminal: `sealgate VERB …`, verbs first, in the words of the pages.

Every verb is a thin face of a service: it reads arguments, calls one function, shows the value that comes back.
`--json` gives every answer as one JSON document; exit codes are those of `sealgate.cli.failures`. What each verb does,
and the shapes of its JSON, stand in docs/terminal.md.
"""

from __future__ import annotations

from sealgate.cli.verbs import Root

SECTIONS = {
    "The draft": {
        "show": "showing:show",
        "set": "settings:set_",
        "unset": "settings:unset",
        "list": "listing:list_",
        "add": "rows:add",
        "change": "rows:change",
        "remove": "rows:remove",
        "comment": "rows:comment",
        "enable": "rows:enable",
        "disable": "rows:disable",
        "move": "rows:move",
        "edit": "texts:edit",
        "import": "transfer:import_",
        "export": "transfer:export",
        "fetch": "fetching:fetch",
    },
    "Making it live": {
        "check": "changes:check",
        "rehearse": "rehearsing:rehearse",
        "test": "policy_tests:test",
        "diff": "differences:diff",
        "discard": "changes:discard",
        "apply": "live:apply",
        "confirm": "live:confirm",
        "rollback": "live:rollback",
        "history": "changes:history",
        "restore": "changes:restore",
        "drift": "drift:drift",
    },
    "Mail": {
        "status": "status:status",
        "queue": "queue:queue",
        "log": "mail:log",
        "verify-cache": "mail:verify_cache",
        "query": "mail:query",
        "resolve": "mail:resolve",
        "explain": "explaining:explain",
        "replay": "replaying:replay",
        "drill": "drilling:drill",
        "try": "trying:try_",
    },
    "The gateway": {
        "people": "people:people",
        "audit": "custody:audit",
        "backup": "custody:backup",
        "restore-backup": "custody:restore_backup",
        "completion": "completion:completion",
    },
}
"""Every verb with the module and name of its command, in the order in which help shows them."""

cli = Root(
    "sealgate",
    sections=SECTIONS,
    help="Sealgate, an email gateway. Changes are made in a draft, checked, and then applied as a whole.",
    epilog="Help for a verb: sealgate VERB --help. Exit codes: 0 done, 1 findings or refused, 2 wrong usage, "
    "3 the node or the database failed.",
)
