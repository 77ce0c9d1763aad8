"""Sub-commands of `humanoid`, one file each, imported only when called."""
