"""IMU and legs to base pose and velocity; contact by proprioception."""
