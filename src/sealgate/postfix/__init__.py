"""The only code that knows Postfix: its programs, its files, its sockets and what it says.

Nothing here knows the product's settings, the store or the model of a gateway; it is told directories and values, and
gives back typed results. Only `command` starts Postfix programs; only `files` changes files.
"""
