"""The ground as feet find it: a level plane, for as long as they find it level."""

import numpy as np

from jepa_humanoid.estimation.filter_state import D_, F_, R_, SIZE
from jepa_humanoid.estimation.invariant_filter import InvariantFilter
from jepa_humanoid.estimation.settings import EstimatorSettings

# Squared Mahalanobis distance (2 degrees of freedom) up to which a sole counts as parallel to the ground.
_TILT_GATE = 9.0


class Ground:
    """A level plane, founded anew by a foot that stands off it.

    Attributes:
        height: Where it was last found, in the odometry frame [m].
    """

    def __init__(self, settings: EstimatorSettings) -> None:
        """Begin at height zero."""
        self._settings = settings
        self.height = 0.0
        self._agreed = settings.ground_agreement

    def correct(self, ekf: InvariantFilter, i: int) -> None:
        """Take foot ``i`` as standing on the plane, if it and those before it agree that there is one."""
        settings = self._settings
        x, y, z = ekf.foot_position[i].tolist()
        self._agreed = self._agreed + 1 if abs(z - self.height) <= settings.ground_snap else 0
        if self._agreed <= settings.ground_agreement:
            self.height = z
            return
        # Innovations to first order: ẑ − ground = e_z·(ξ_d + ξ_R × d̂), and F̂ e_z = e_z + ξ_F × e_z.
        H = np.zeros((3, SIZE))
        H[0, D_[i].start + 2] = 1.0
        H[0, R_.start], H[0, R_.start + 1] = y, -x
        H[1, F_[i].start + 1] = 1.0
        H[2, F_[i].start] = -1.0
        slope_x, slope_y = ekf.foot_rotation[i, :2, 2].tolist()
        tilt_variance = 0.5 * float(ekf.covariance[R_, R_].trace() - ekf.covariance[R_.stop - 1, R_.stop - 1])
        deviation = settings.ground_tilt_deviation
        rows = 1
        if deviation > 0.0 and tilt_variance > settings.ground_tilt_floor**2:
            flat = slope_x**2 + slope_y**2 < _TILT_GATE * (deviation**2 + tilt_variance)
            rows = 3 if flat else 1
        innovation = np.array([z - self.height, slope_x, slope_y])
        variances = np.array([settings.ground_deviation, deviation, deviation]) ** 2
        ekf.correct(innovation[:rows], H[:rows], variances[:rows])
