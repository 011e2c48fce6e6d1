"""What the LMTP server says: every reply of its own, by name (RFC 5321 4.2, RFC 3463)."""

from __future__ import annotations

from sealgate.mpa.reply import Reply

OK = Reply(250, b"2.0.0 Ok")
SENDER_OK = Reply(250, b"2.1.0 Ok")
RECIPIENT_OK = Reply(250, b"2.1.5 Ok")
GO_AHEAD = Reply(354, b"End data with <CR><LF>.<CR><LF>")
BYE = Reply(221, b"2.0.0 Bye")
CLOSING = Reply(421, b"4.3.2 Closing down, try again")
IDLE = Reply(421, b"4.4.2 Nothing came for too long")
CROWDED = Reply(421, b"4.7.0 Too many connections")
TOO_MANY_ERRORS = Reply(421, b"4.7.0 Too many errors")
LINE_TOO_LONG = Reply(500, b"5.5.2 Command line too long")
NOT_UNDERSTOOD = Reply(500, b"5.5.2 Command not understood; this is LMTP")
LHLO_FIRST = Reply(503, b"5.5.1 LHLO first")
LHLO_NAME = Reply(501, b"5.5.4 LHLO needs a name")
NESTED = Reply(503, b"5.5.1 A message is being sent already")
MAIL_FIRST = Reply(503, b"5.5.1 MAIL first")
NO_RECIPIENTS = Reply(503, b"5.5.1 No valid recipients")
TOO_MANY_RECIPIENTS = Reply(452, b"4.5.3 Too many recipients")
NO_ROOM = Reply(452, b"4.3.1 Too much mail in work, try again")
TOO_BIG = Reply(552, b"5.3.4 Message is larger than the after-filter limit of this gateway")
FAILED = Reply(451, b"4.3.0 The mail processing agent failed, try again")
