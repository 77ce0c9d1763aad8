"""Worlds on MuJoCo and DART, scenes, sensors, randomisation, and closed-loop rollouts without ROS."""
