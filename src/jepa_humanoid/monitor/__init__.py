"""The browser page: what the robot does and imagines, and where people tell it what to do."""
