"""Cleaning: broken letters, markup, stray characters, personal data, terminology."""

from tunesmith.clean.config import CleanConfig

__all__ = ["CleanConfig"]
