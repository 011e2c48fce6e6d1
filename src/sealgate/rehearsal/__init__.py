"""A candidate run for real where nothing can leave, and judgements of what was seen there.

Nothing here changes the live gateway. What cannot be judged is said, not assumed.
"""
