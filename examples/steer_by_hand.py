"""Velocities by hand, a gait of one's own, and how well the robot's odometry knows where it went."""

from dataclasses import replace

import numpy as np

import jepa_humanoid as jh
from jepa_humanoid import geometry
from jepa_humanoid.locomotion.settings import gait_settings

PLAN = ((3.0, jh.VelocityCommand(forward=0.3)), (3.0, jh.VelocityCommand(turn=0.5)), (2.0, jh.VelocityCommand()))


def main(step_width: float = 0.22) -> float:
    """Walk ``PLAN`` with feet ``step_width`` [m] apart; return the odometry's error at the end [m]."""
    robot = jh.load_robot("g1")
    body = jh.BodySettings(gait=replace(gait_settings(robot), step_width=step_width))
    simulation = jh.Simulation(robot, "flat", seed=2, body=body)
    for seconds, command in PLAN:
        for _ in range(round(seconds / 0.1)):
            simulation.advance(command)
        x, y, yaw = simulation.frame.pose
        print(f"after {command}: x {x:.2f} m, y {y:.2f} m, heading {np.degrees(yaw):.0f}°")
    truth = geometry.to_local(simulation.scene.start, simulation.frame.pose[:2])
    error = float(np.linalg.norm(simulation.frame.base.position[:2] - truth))
    print(f"odometry is off by {1000 * error:.0f} mm")
    return error


if __name__ == "__main__":
    main()
