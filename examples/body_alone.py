"""The body alone in a loop of your own, here around bare MuJoCo; elsewhere around your simulator, or your robot."""

import mujoco
import numpy as np

import jepa_humanoid as jh
from jepa_humanoid.robot.motors import drive
from jepa_humanoid.robot.stature import standing_effort
from jepa_humanoid.simulation.model import build_model


def main(seconds: float = 4.0, forward: float = 0.3) -> float:
    """Stand for a second, then walk ``forward`` [m/s]; return how far it got [m]."""
    robot = jh.load_robot("g1")
    model = build_model(robot, jh.load_scene("flat"), timestep=0.001)
    data = mujoco.MjData(model)
    places = [model.joint(name).qposadr[0] for name in robot.joint_names]
    speeds = [model.joint(name).dofadr[0] for name in robot.joint_names]
    q = robot.nominal_configuration
    data.qpos[:7], data.qpos[places] = q[[0, 1, 2, 6, 3, 4, 5]], q[7:]  # MuJoCo's quaternions begin with w
    effort = standing_effort(robot, q)
    body, command = jh.Body(robot), jh.JointCommand(0.0, q[7:], np.zeros(robot.joint_count), effort)
    while data.time < seconds:
        for _ in range(2):  # motor drivers run at 1 kHz, the body at 500 Hz
            effort = drive(robot.joints, command, data.qpos[places], data.qvel[speeds])
            data.ctrl[:] = effort
            mujoco.mj_step(model, data)
        gyro, accelerometer = data.sensor("gyro").data.copy(), data.sensor("accelerometer").data.copy()
        sample = jh.SensorSample(data.time, data.qpos[places], data.qvel[speeds], effort, gyro, accelerometer)
        command = body.step(sample, jh.VelocityCommand(forward=forward if data.time > 1.0 else 0.0))
    assert body.estimate is not None
    print(f"walked {data.qpos[0]:.2f} m, and believes {body.estimate.position[0]:.2f} m")
    return float(data.qpos[0])


if __name__ == "__main__":
    main()
