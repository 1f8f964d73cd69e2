"""Measuring data and the work done on it, against labelled files."""
