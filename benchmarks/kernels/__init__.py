"""Single kernels, each beside the tools that do the same and nothing else."""
