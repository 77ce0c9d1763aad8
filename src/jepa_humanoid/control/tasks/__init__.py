"""What the whole-body controller pursues: one idea a file, each a weight and a residual of accelerations."""
