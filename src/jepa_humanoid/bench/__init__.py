"""How fast things are here: measured in one run with whom they are compared with, never asserted by a test."""
