"""Recordings in MCAP, without ROS: what was said on which topic and when, written, read and turned into tables."""
