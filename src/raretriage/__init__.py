"""Clinical triage that does not miss rare diseases, with the whole machine-learning path behind it."""

__version__ = "0.1.0"
