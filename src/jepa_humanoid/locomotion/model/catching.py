"""Looking for a landing that catches the robot, from where it is: between the gait's places and the search's frame."""

from jepa_humanoid.locomotion.model.biped import Biped
from jepa_humanoid.locomotion.model.capture import GIVES, Catch, Motion, Swing, search_catch
from jepa_humanoid.locomotion.model.feet import Feet
from jepa_humanoid.locomotion.model.swing import SwingFoot
from jepa_humanoid.locomotion.walker import LEFT


def find_catch(
    biped: Biped,
    forward: complex,
    stance: int,
    feet: Feet,
    motion: Motion,
    offset: complex,
    elapsed: float = 0.0,
    swing: SwingFoot | None = None,
    last: float = 0.0,
) -> Catch:
    """Search for a landing.

    Args:
        biped: The robot.
        forward: Unit vector of the walking direction.
        stance: Side that carries the weight, or shall.
        feet: Where the feet are.
        motion: Of the centre of mass in ``odom``.
        offset: DCM relative to the landing foot that the next step would like, in the walking frame [m].
        elapsed: Since the support switch [s].
        swing: The other foot, if it is in the air.
        last: Duration that was chosen last [s]; 0 for none.
    """
    foot, other, turn = feet[stance], feet[1 - stance], forward.conjugate()
    local = Motion(
        turn * (motion.place - foot.place),
        turn * motion.velocity,
        motion.height - foot.height,
        motion.climb,
        turn * motion.spin * biped.settings.catch.spin,
    )
    foot_in_air = Swing(
        -1.0 if stance == LEFT else 1.0,
        turn * (other.place - foot.place),
        0j if swing is None else turn * swing.velocity,
    )
    return search_catch(
        local,
        foot_in_air,
        offset,
        elapsed,
        last,
        biped.omega,
        biped.reach[stance],
        biped.catch_weights,
        *biped.durations,
        GIVES,
    )
