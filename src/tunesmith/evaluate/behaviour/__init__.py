"""Behaviour audits: what a method does when it is asked on purpose, suite by suite."""
