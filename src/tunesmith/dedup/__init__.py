"""De-duplication: exact by normalised text, near by verified MinHash."""

from tunesmith.dedup.config import DedupConfig

__all__ = ["DedupConfig"]
