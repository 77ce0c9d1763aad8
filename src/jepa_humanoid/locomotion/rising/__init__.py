"""Meeting the floor and getting up from it: postures found by a search, and a state machine that goes through them."""
