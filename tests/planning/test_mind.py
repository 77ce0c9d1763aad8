"""The mind walks to goals, and stands whenever it does not know better."""

from collections.abc import Callable

import numpy as np
import pytest

from jepa_humanoid.evaluation.leaderboard import standing
from jepa_humanoid.evaluation.navigation import NavigationSettings, run_trial
from jepa_humanoid.mind import Mind
from jepa_humanoid.planner_names import GOAL_BOUND, planner_names
from jepa_humanoid.planning.seen_map import BODY_RADIUS
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import BaseEstimate, ElevationGrid, Goal, VelocityCommand
from jepa_humanoid.simulation.obstacles import Obstacle
from jepa_humanoid.simulation.scenes import Scene
from jepa_humanoid.status import PlanState
from jepa_humanoid.world_model.errors import WorldModelError

GOAL = Goal(np.array([3.0, 0.0]))


def base(stamp: float, x: float = 0.0, y: float = 0.0, yaw: float = 0.0) -> BaseEstimate:
    turn = np.array([0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2)])
    return BaseEstimate(stamp, np.array([x, y, 0.75]), turn, np.zeros(3), np.zeros(3))


def flat(stamp: float) -> ElevationGrid:
    return ElevationGrid(stamp, np.zeros((64, 64), np.float32), 0.1)


@pytest.fixture
def mind(model: object) -> Mind:
    """A mind around the stub."""
    return Mind(model)  # type: ignore[arg-type]


def test_it_walks_towards_a_goal(mind: Mind) -> None:
    """Given a goal ahead it asks for forward velocity and shows what it imagined, in odom."""
    command = mind.step(flat(1.0), base(1.0), GOAL)
    assert command.forward > 0.2
    assert mind.status.state is PlanState.WALKING
    assert mind.status.distance == 3.0
    assert mind.status.path.shape == (10, 2)
    assert mind.status.candidates.shape[1:] == (10, 2)
    assert len(mind.status.costs) == len(mind.status.candidates) > 10
    assert "to go" in mind.status.reason


def test_what_it_shows_is_in_odom(mind: Mind) -> None:
    """Seen from elsewhere, the same plan is drawn elsewhere."""
    mind.step(flat(1.0), base(1.0, 10.0, 5.0, np.pi / 2), Goal(np.array([10.0, 8.0])))
    assert np.abs(mind.status.path[:, 0] - 10.0).max() < 0.6
    assert mind.status.path[-1, 1] > 6.0


def test_without_a_goal_it_stands(mind: Mind) -> None:
    """No goal, no motion, nothing to show."""
    assert mind.step(flat(1.0), base(1.0), None) == VelocityCommand()
    assert len(mind.status.candidates) == 0
    assert (mind.status.state, mind.status.reason) == (PlanState.IDLE, "no goal")


@pytest.mark.parametrize("age", [-0.7, 0.7, np.nan])
def test_stale_elevation_stops_it(mind: Mind, age: float) -> None:
    """Elevation of another time than the odometry's is not walked on."""
    mind.step(flat(1.0), base(1.0), GOAL)
    assert mind.step(flat(2.0 + age), base(2.0), GOAL) == VelocityCommand()
    assert "elevation" in mind.status.reason


def test_what_is_not_finite_stops_it(mind: Mind) -> None:
    """NaN in odometry or goal, or infinite heights, end in standing with a reason."""
    mind.step(flat(1.0), base(1.0), GOAL)
    assert mind.step(flat(1.1), base(1.1, np.nan), GOAL) == VelocityCommand()
    assert "odometry" in mind.status.reason
    assert mind.step(flat(1.2), base(1.2), Goal(np.array([np.nan, 0.0]))) == VelocityCommand()
    assert "goal" in mind.status.reason
    wild = flat(1.3)
    wild.heights[3, 3] = np.inf
    assert mind.step(wild, base(1.3), GOAL) == VelocityCommand()
    assert "infinite" in mind.status.reason
    assert mind.step(flat(1.4), base(1.4), GOAL).forward > 0.2


def test_unknown_ground_is_no_error(mind: Mind) -> None:
    """A grid that knows nothing is planned on like any other."""
    unseen = ElevationGrid(1.0, np.full((64, 64), np.nan, np.float32), 0.1)
    assert mind.step(unseen, base(1.0), GOAL).forward > 0.0


def test_unfit_grid_is_an_error(mind: Mind) -> None:
    """A grid that the model cannot read is a mistake in the set-up and says so."""
    with pytest.raises(WorldModelError, match="64 × 64"):
        mind.step(ElevationGrid(1.0, np.zeros((32, 32), np.float32), 0.1), base(1.0), GOAL)


def test_it_stops_at_the_goal_and_stays(mind: Mind) -> None:
    """Within the stopping distance it stands, and small drifts do not set it off again; a shove does."""
    assert mind.step(flat(1.0), base(1.0, 2.9), GOAL) == VelocityCommand()
    assert (mind.status.state, mind.status.reason) == (PlanState.ARRIVED, "arrived")
    assert mind.step(flat(1.1), base(1.1, 2.75), GOAL) == VelocityCommand()
    assert mind.step(flat(1.2), base(1.2, 2.4), GOAL).forward > 0.0
    assert mind.status.state is PlanState.WALKING


def test_it_stops_beside_a_goal_where_something_stands(mind: Mind) -> None:
    """A goal in the furniture is walked up to, and the robot says so."""
    heights = np.zeros((64, 64), np.float32)
    heights[36:46, 20:44] = 1.0  # from 0.45 m ahead on
    box = ElevationGrid(1.0, heights, 0.1)
    assert mind.step(box, base(1.0), Goal(np.array([0.6, 0.0]))) == VelocityCommand()
    assert mind.status.reason.startswith("arrived 0.6")
    assert mind.step(box, base(1.0), Goal(np.array([1.3, 0.0]))) != VelocityCommand()
    assert mind.status.reason.startswith("walking")
    assert "beside the goal" in mind.status.reason


def test_it_turns_to_the_goals_heading(mind: Mind) -> None:
    """A goal with a heading is reached when the heading is."""
    goal = Goal(np.array([0.0, 0.0]), yaw=1.0)
    assert mind.step(flat(1.0), base(1.0), goal).turn > 0.3
    assert mind.step(flat(1.1), base(1.1, yaw=0.95), goal) == VelocityCommand()


def test_a_new_goal_starts_over(mind: Mind) -> None:
    """Arrived at one goal, it sets off for the next."""
    mind.step(flat(1.0), base(1.0, 3.0), GOAL)
    assert mind.step(flat(1.1), base(1.1, 3.0), Goal(np.array([5.0, 0.0]))).forward > 0.2


def test_clock_that_jumps_back_starts_over(mind: Mind) -> None:
    """After a jump back in time the mind forgets the future it has seen and goes on."""
    for tick in range(10):
        mind.step(flat(50.0 + 0.1 * tick), base(50.0 + 0.1 * tick), GOAL)
    assert mind.step(flat(1.0), base(1.0), GOAL).forward > 0.2


def test_surprise_slows_it_down(mind: Mind, model: object) -> None:
    """When embeddings are not those imagined, surprise is reported and the command gets smaller."""
    calm = mind.step(flat(1.0), base(1.0), GOAL)
    for tick in range(1, 40):
        model.offset = 2.0 * (tick % 2)  # type: ignore[attr-defined]
        command = mind.step(flat(1.0 + 0.1 * tick), base(1.0 + 0.1 * tick), GOAL)
    assert mind.status.surprise > 8.0
    assert command.forward < 0.8 * calm.forward


def test_it_looks_once(mind: Mind, model: object) -> None:
    """Each step embeds the present once, whether it plans or not."""
    for tick, goal in enumerate((None, GOAL, GOAL)):
        mind.step(flat(1.0 + 0.1 * tick), base(1.0 + 0.1 * tick), goal)
    assert model.encoded == 3  # type: ignore[attr-defined]


def test_rest_at_the_goal_is_no_way_to_avoid(mind: Mind) -> None:
    """Shoved away after a long stand at its goal, it comes back as it would have come at first."""
    first = mind.step(flat(1.0), base(1.0, 2.0), GOAL)
    for second in range(2, 30):
        mind.observe(base(second - 0.5, 3.0))
        mind.step(flat(second), base(second, 3.0), GOAL)
    mind.observe(base(29.5, 3.0))
    assert mind.step(flat(30.0), base(30.0, 2.0), GOAL).forward > 0.5 * first.forward
    assert len(mind._way.to_avoid(30.0)) <= 1


def test_unknown_planner_is_named(model: object) -> None:
    """A planner that does not exist is an error that lists those that do."""
    with pytest.raises(WorldModelError, match="kinematic"):
        Mind(model, "clairvoyant")  # type: ignore[arg-type]


def test_it_gets_round_a_box(model: object, kinematic_walk: Callable) -> None:
    """In closed loop with LiDAR and mapper the goal behind a box is reached; the straight line touches the box."""
    box = Obstacle("box", (1.6, 0.1), 0.0, (0.5, 1.6, 0.9), "box")
    scene = Scene("box", (box,), 0.8, (0.0, 0.0, 0.0), (3.2, 0.0))
    settings = NavigationSettings(seconds=30.0)
    trials = {
        name: run_trial(scene, 0, Mind(model, name), kinematic_walk, name, settings)  # type: ignore[arg-type]
        for name in ("jepa", "straight")
    }
    assert trials["jepa"].reached
    assert trials["jepa"].length > trials["jepa"].crow
    assert trials["straight"].touched
    assert trials["jepa"].shortest > trials["jepa"].crow + 0.2
    assert trials["jepa"].length > trials["jepa"].shortest - 0.4
    whole = standing(list(trials.values()), "g1")["all"]
    assert (whole["successes"], whole["touches"], whole["trials"]) == (1, 1, 2)


@pytest.mark.parametrize("planner", planner_names())
def test_every_planner_can_be_asked(planner: str, model: object) -> None:
    """All planners run behind the same mind."""
    mind = Mind(model, planner)  # type: ignore[arg-type]
    command = mind.step(flat(1.0), base(1.0), GOAL)
    assert np.isfinite(command.as_array()).all()


@pytest.mark.parametrize("planner", GOAL_BOUND)
def test_a_robot_without_a_world_model_finds_its_way(planner: str, kinematic_walk: Callable) -> None:
    """Planners that imagine nothing walk to a goal on open floor, and nothing surprises them."""
    mind = Mind.load(planner=planner, robot=load_robot("talos"))
    scene = Scene("open", (), 0.8, (0.0, 0.0, 0.0), (1.0, 0.2))
    trial = run_trial(scene, 0, mind, kinematic_walk, planner, NavigationSettings(seconds=12.0))
    assert trial.reached
    assert mind.status.surprise == 0.0


def test_a_planner_that_imagines_says_how_to_get_a_model() -> None:
    """Without a world model of the robot, the error names the robot, what does without, and how to train one."""
    with pytest.raises(WorldModelError, match=r"'talos' has none yet: .* kinematic or straight, .* --robot talos"):
        Mind.load(planner="jepa", robot=load_robot("talos"))


def test_a_wider_robot_stops_farther_from_what_stands_at_its_goal(model: object) -> None:
    """A place that a narrow robot still fits in is none for a wide one, which stands beside it."""
    heights = np.zeros((64, 64), np.float32)
    heights[46:48, 30:34] = 1.0
    near = Goal(np.array([1.05, 0.0]))
    for radius, beside in ((BODY_RADIUS, False), (0.5, True)):
        mind = Mind(model, radius=radius)  # type: ignore[arg-type]
        mind.step(ElevationGrid(1.0, heights, 0.1), base(1.0), near)
        assert (mind.status.beside > 0.0) == beside
