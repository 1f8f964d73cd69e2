"""Checking: language, quality scores, and the rules that a row must meet to be kept."""

from tunesmith.check.config import CheckConfig

__all__ = ["CheckConfig"]
