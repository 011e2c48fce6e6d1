"""Live tests on the node: its own connections and questions to the world, each in an unprivileged process.

`asking` answers the link and starts a process for each server or question; `child` is what runs in it. Everything
below `child` talks to servers that may be hostile, so it runs as nobody, with bounds on time, memory and input.
"""
