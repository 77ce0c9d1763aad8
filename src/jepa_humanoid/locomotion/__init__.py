"""Locomotion: from a velocity command to footsteps, and from footsteps to centre-of-mass and swing references."""
