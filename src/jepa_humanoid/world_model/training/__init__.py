"""Learning the world model: the only room of the house that knows torch. Nothing on the robot imports it."""
