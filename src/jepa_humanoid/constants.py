"""The few numbers that cannot change."""

GRAVITY = 9.81
"""Acceleration of free fall [m/s²]: MuJoCo's and Gazebo's default; the Earth's own lies between 9.78 and 9.83."""
