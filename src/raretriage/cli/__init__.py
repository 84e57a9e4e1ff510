"""One command a stage, named for it."""

from raretriage.cli.main import main

__all__ = ["main"]
