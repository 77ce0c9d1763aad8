"""A Unitree humanoid over the vendor's own DDS interface (`unitree_hg`): messages, checks, engagement, transport.

A tick, to be read in this order: `transport.RobotConnection` hands the bytes of a state to
`adapter.UnitreeAdapter.hear_state`, which returns what a target says; `hear_command` takes the answer; `command`
returns the bytes that go to the motors, as `engagement.Engagement` decides.
"""
