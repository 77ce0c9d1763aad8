"""Point cloud to elevation grid to what the planner sees."""
