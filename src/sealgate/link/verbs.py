"""Every verb of the link with the dataclass of its question and the dataclass of its answer.

Both ends work from this one table, so a verb that one of them does not know is refused in words, never misread.
"""

from __future__ import annotations

from sealgate.link import live_tests as t
from sealgate.link import messages as m
from sealgate.link import rehearsals as r
from sealgate.link import upkeep as u

VERBS: dict[str, tuple[type, type]] = {
    "hello": (m.Nothing, m.Hello),
    "facts": (m.Nothing, m.Facts),
    "public-key": (m.Nothing, m.PublicKey),
    "judge": (m.Judge, m.Report),
    "apply": (m.Apply, m.Outcome),
    "confirm": (m.Confirm, m.Outcome),
    "rollback": (m.Rollback, m.Outcome),
    "status": (m.Nothing, m.Status),
    "drift": (m.Nothing, u.Drift),
    "adopt": (u.Adopt, u.Drift),
    "overwrite": (u.Overwrite, u.Drift),
    "live-file": (u.LiveFile, u.FileInfo),
    "queue-list": (u.QueueFilter, u.Count),
    "queue-view": (u.QueueView, u.FileInfo),
    "queue-act": (u.QueueAct, u.Count),
    "log": (u.Log, u.Count),
    "log-part": (u.LogPart, u.LogLines),
    "verify-show": (u.VerifyShow, u.VerifyAnswer),
    "verify-clear": (m.Nothing, u.Count),
    "query": (u.Query, u.QueryAnswer),
    "resolve": (u.Resolve, u.Route),
    "explain": (r.Explain, r.Explained),
    "replay": (r.Replay, r.Replayed),
    "widening": (r.Widening, r.Widened),
    "drill": (r.Drill, r.DrillReport),
    "test-next-hop": (t.NextHopTest, t.LiveReport),
    "test-login": (t.LoginTest, t.LiveReport),
    "test-list": (t.ListTest, t.LiveReport),
    "dns-picture": (t.DnsPicture, t.LiveReport),
    "backup-keys": (u.BackupKeys, u.SealedKeys),
    "restore-keys": (u.RestoreKeys, m.PublicKey),
    "stop": (m.Nothing, m.Nothing),
}
