"""ROS 2 nodes: thin adapters around the objects of the core, one file a node."""
