"""Episodes: generate at scale, record from a robot, read for training."""
