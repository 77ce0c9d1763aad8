"""Stamps say the same in every unit."""

import pytest

from jepa_humanoid.nodes.messages.time import to_seconds, to_stamp


@pytest.mark.parametrize("seconds", [0.0, 0.002, 1.0, 12345.678, 1.7e9])
def test_stamps_round_to_nanoseconds(seconds):
    """A stamp made from seconds reads back as those seconds."""
    assert to_seconds(to_stamp(seconds)) == pytest.approx(seconds, abs=1e-9 + 3e-16 * seconds)
