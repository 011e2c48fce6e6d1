"""The mail processing agent (MPA): takes every queued message from Postfix over LMTP and hands it back.

A message's way: Postfix's lmtp(8) client → `lmtp_in` → `pipeline` (what to do) → `smtp_out` → the re-injection
smtpd(8). The MPA has no queue of its own. It promises that

- it answers 250 for a recipient only after the re-injected copy was answered 250; whatever goes wrong before that
  is a 4xx (Postfix tries again) or a 5xx (Postfix bounces), never silence;
- a message that is not to be changed leaves byte for byte as it came, dot-stuffing included;
- each message that was sent to it leaves one line in the event log.

It never stores mail, never talks to anything but the two loopback sockets, and holds no configuration but the
policy file of the release in force. Programs start it with `service.run`; see docs/life-of-a-message.md.
"""
