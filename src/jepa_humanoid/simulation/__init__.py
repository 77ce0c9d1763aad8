"""MuJoCo worlds, scenes, sensors, randomisation, and closed-loop rollouts without ROS."""
