"""Perception of a robot in a simulated world: what the perception node does, a scan at a time."""

import pinocchio as pin

from jepa_humanoid.body import Body
from jepa_humanoid.perception.elevation import FOOTING, ElevationMapper, elevation_settings
from jepa_humanoid.perception.scan import Scan
from jepa_humanoid.robot.description import RobotDescription
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid
from jepa_humanoid.simulation.world import World


class Sight:
    """Maps what a LiDAR sees around a robot, from where the robot believes to be."""

    def __init__(self, robot: RobotDescription) -> None:
        """Know nothing."""
        self._around = ElevationMapper(elevation_settings(robot))
        self._footing = ElevationMapper(FOOTING)
        self._model, self._data = robot.model, robot.model.createData()
        self._lidar = robot.frame_id(robot.frames.lidar)

    def look(self, world: World, body: Body) -> None:
        """Take in a scan, and show the body the ground for its feet; a body without an estimate sees nothing yet."""
        base = body.estimate
        if base is None:
            return
        pin.framesForwardKinematics(self._model, self._data, body.configuration)
        scan = Scan.of(world.scan(), self._data.oMf[self._lidar], world.stamp, base, body.ground_height)
        for mapper in (self._around, self._footing):
            mapper.integrate(scan)
        body.see(self._footing.patch())

    def grid(self, base: BaseEstimate) -> ElevationGrid:
        """What stands around the robot, for who plans."""
        return self._around.grid(base)
