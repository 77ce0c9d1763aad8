"""Meeting the floor and getting up from it: postures from a file, and who goes through them."""
