"""The host half's agent: stages, judges, applies and undoes revisions on one machine, and keeps its Postfix running.

It runs as root, is small, does one change at a time, and never sees the database: what it works from is the bundle,
which it parses again with the same model.
"""
