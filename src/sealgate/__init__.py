"""Sealgate: an email gateway whose every change is rehearsed, applied atomically, and undone if mail suffers."""

__version__ = "0.1.0"
