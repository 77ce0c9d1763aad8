"""Velocity command to footsteps to centre-of-mass and swing references."""
