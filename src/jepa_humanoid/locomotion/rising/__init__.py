"""Getting up from the floor: key postures, found by a search, and a state machine that goes through them."""
