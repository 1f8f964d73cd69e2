"""What a training has cost of what the base model could do outside the domain."""
