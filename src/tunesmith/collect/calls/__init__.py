"""Calls: transcripts of what was said."""

from tunesmith.collect.calls.source import CallSource

__all__ = ["CallSource"]
