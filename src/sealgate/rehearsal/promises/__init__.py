"""The built-in tests: what must hold of every release, one module a promise.

`EVERY` lists them; `rehearsal/judging.py` plans, runs and judges them.
"""
