"""What talks to machines in their own language, free of ROS: one package a maker of robots, used by nodes alone."""
