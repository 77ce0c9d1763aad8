"""Learning the world model: the only package that imports torch. Nothing on the robot imports it."""
