"""A first file for a robot of which there is nothing but its URDF: what can be guessed, and what was."""
