"""A learned walker: a network that somebody has trained, and what its files say of how it wants to be asked.

`network` runs it; `holosoma`, `isaac` and `unitree` read what their exporters write, `fields` what a person writes;
`reading` joins these into a `PolicyDescription`; `terms` and `observation` make its input; `walker` runs it in time.
"""
