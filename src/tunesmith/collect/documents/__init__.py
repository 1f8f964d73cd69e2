"""Documents of every format as lists of blocks: one file for each format, one model for all."""
