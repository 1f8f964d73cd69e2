"""Training speed beside TRL, and beside the bare matrix products: see `__main__`."""
