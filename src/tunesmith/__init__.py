"""tunesmith: from raw business data to the right language model, with evidence."""

__version__ = "0.1.0"
