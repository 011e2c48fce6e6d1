"""A value that would run, or be reckoned with, wherever it were not shown as the text that it is."""

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7777*7777}}"
RAW = ("<script>alert", "<img src=x", "60481729")
"""What is found in a page that took it for more than a text."""
