"""The store: the run cache that makes a killed run resume, locks, and dataset versions."""
