"""placo's C++ whole-body solver on states of a walking robot, run by `humanoid bench body` in its own environment.

Imports nothing of this project, whose Pinocchio is another. The same robot, contacts and tasks: centre of mass, pelvis
and torso upright, feet in contact or on their way, posture, friction and torque limits. There is no task on angular
momentum in placo, which makes its program a little smaller.

    python placo_peer.py STATES.npz     prints one line of JSON: durations of `DynamicsSolver.solve` [ms]
"""

import json
import sys
import time

import numpy as np
import placo


def main(path: str) -> None:
    """Solve for every state and print how long it took."""
    states = np.load(path)
    robot = placo.RobotWrapper("robot", placo.Flags.ignore_collisions, str(states["urdf"]))
    solver = placo.DynamicsSolver(robot)
    solver.enable_torque_limits(True)
    solver.enable_joint_limits(True)
    solver.dt = 0.05
    com = solver.add_com_task(np.zeros(3))
    com.configure("com", "soft", 60.0)
    upright = []
    for name, weight in (("base", 8.0), ("torso", 4.0)):
        upright.append(solver.add_orientation_task(str(states[name]), np.eye(3)))
        upright[-1].configure(name, "soft", weight)
    feet, contacts = [], []
    for name, corners in zip(states["feet"], states["corners"], strict=True):
        feet.append(solver.add_frame_task(str(name), np.eye(4)))
        feet[-1].configure(str(name), "soft", 60.0, 60.0)
        contact = solver.add_planar_contact(feet[-1])
        contact.length, contact.width = np.ptp(corners[:, 0]), np.ptp(corners[:, 1])
        contact.mu = 0.35
        contact.unilateral = True
        contacts.append(contact)
    posture = solver.add_joints_task()
    posture.configure("posture", "soft", 0.5)
    joints = [str(name) for name in states["joints"]]
    posture.set_joints(dict(zip(joints, states["nominal"], strict=True)))
    solver.set_kp(100.0)
    durations, failures = [], 0
    for q, v, load, target in zip(states["q"], states["v"], states["load"], states["com"], strict=True):
        robot.state.q, robot.state.qd = q, v
        robot.update_kinematics()
        com.target_world = target
        for name, foot, contact, carried in zip(states["feet"], feet, contacts, load, strict=True):
            contact.active = bool(carried > 0.0)
            foot.T_world_frame = robot.get_T_world_frame(str(name))
            weight = 2000.0 if contact.active else 60.0
            foot.configure(str(name), "soft", weight, weight)
        began = time.perf_counter()
        result = solver.solve(True)
        durations.append(1e3 * (time.perf_counter() - began))
        failures += not result.success
    sys.stdout.write(json.dumps({"solve_ms": durations, "failures": failures}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
