"""How fast tunesmith is, beside its rivals: `make bench`; see `benchmarks/README.md`."""
