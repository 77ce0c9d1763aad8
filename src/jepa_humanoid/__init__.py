"""A ROS 2 control stack that lets a humanoid imagine before it steps."""

__version__ = "0.1.0"
