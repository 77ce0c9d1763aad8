"""The model-based walker: a linear inverted pendulum kept in hand by where the feet are put, and when.

Points and vectors of the ground plane are complex numbers x + iy [m] in this package: turning by ψ is multiplying by
e^{iψ}, and one expression serves both axes.
"""
