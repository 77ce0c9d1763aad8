"""The graph: which processes make a robot move on which target, and what starts them."""
