"""Measuring a method on held-out rows: figures with their uncertainty."""
