"""Nothing is compiled, or read from disk, while the robot depends on the answer."""

import subprocess
import sys

import pytest

SCRIPT = """
import gc, sys
import numba
import jepa_humanoid as jh
from jepa_humanoid.rehearsal import rehearse

def compiled():
    kernels = [o for o in gc.get_objects() if isinstance(o, numba.core.registry.CPUDispatcher)]
    return {k.py_func.__qualname__: len(k.signatures) for k in kernels if k.py_func.__module__.startswith("jepa_")}

robot = jh.load_robot(sys.argv[1])
rehearse(robot)
before = compiled()
rollout = jh.Rollout(robot, jh.load_scene("flat"), jh.WorldSettings(seed=1, randomize=True))
rollout.run(None, 0.5)
rollout.world.push([0.0, 8.0, 0.0])
import numpy as np
from jepa_humanoid.robot.state import ODOM, ElevationGrid
rollout.body.see(ElevationGrid(0.5, np.zeros((40, 40), np.float32), 0.04, ODOM))
assert rollout.run(jh.VelocityCommand(forward=0.3), 1.2)
rollout.body.reach(jh.HandTarget("left", np.array([0.2, 0.2, 0.8]), np.array([0.0, 0.0, 0.0, 1.0])))
assert rollout.run(jh.VelocityCommand(forward=0.3), 0.3)
print(len(before), sorted(name for name, count in compiled().items() if count != before.get(name)))
"""


@pytest.mark.parametrize("robot", ["g1", "talos"])
def test_a_rehearsed_body_meets_no_new_loop_while_it_walks(robot: str) -> None:
    """Standing, pushed and stepping call only kernels that the rehearsal has called, with the same types."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, robot], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    count, _, late = done.stdout.strip().partition(" ")
    assert int(count) > 40
    assert late == "[]"
