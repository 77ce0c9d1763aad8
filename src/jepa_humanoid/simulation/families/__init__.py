"""Scenes of which everything is drawn, one file a kind; `registry` knows them by their names."""
