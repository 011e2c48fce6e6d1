"""What the administrator wants, as frozen values: parsed once at the edge, valid ever after.

Nothing in this package reads a file, a socket, a clock or a database. A value that exists is valid; text that is not
valid never becomes one, and the refusal says where the fault is and what would be right.
"""
