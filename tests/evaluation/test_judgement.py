"""A run counts when the robot is at its goal, stays there, and has not fallen."""

import pytest

from jepa_humanoid.evaluation.judgement import Judgement


@pytest.fixture
def judgement() -> Judgement:
    """A judgement of a run to a goal 2 m ahead, in 30 s, whose goal was sent at 1 s."""
    judgement = Judgement(goal=(2.0, 0.0), seconds=30.0)
    judgement.hear_truth(1.0, 0.0, 0.0, falls=0, max_tilt_deg=1.0)
    judgement.begin()
    return judgement


def test_goal_counts_when_the_robot_stays_there(judgement: Judgement) -> None:
    """The goal is reached when the robot stays within 0.3 m; the time counts to the arrival."""
    judgement.hear_truth(5.0, 1.75, 0.0, falls=0, max_tilt_deg=4.0)
    assert not judgement.over
    judgement.hear_truth(7.0, 1.9, 0.0, falls=0, max_tilt_deg=4.0)
    assert judgement.over
    assert judgement.success
    assert judgement.time_to_goal == pytest.approx(4.0)


def test_running_past_the_goal_does_not_count(judgement: Judgement) -> None:
    """A robot that leaves the goal's circle again has not reached it, and may still do so."""
    judgement.hear_truth(5.0, 1.9, 0.0, falls=0, max_tilt_deg=4.0)
    judgement.hear_truth(6.0, 2.5, 0.0, falls=0, max_tilt_deg=4.0)
    judgement.hear_truth(8.0, 2.2, 0.0, falls=0, max_tilt_deg=4.0)
    assert not judgement.over
    judgement.hear_truth(10.0, 2.1, 0.0, falls=0, max_tilt_deg=4.0)
    assert judgement.time_to_goal == pytest.approx(7.0)


def test_fall_ends_the_run_without_success(judgement: Judgement) -> None:
    """A fall ends the run, even at the goal, and stays on the record."""
    judgement.hear_truth(5.0, 1.9, 0.0, falls=1, max_tilt_deg=80.0)
    judgement.hear_truth(7.5, 1.9, 0.0, falls=0, max_tilt_deg=80.0)
    assert judgement.over
    assert judgement.reached
    assert not judgement.success
    assert judgement.falls == 1


def test_time_runs_out(judgement: Judgement) -> None:
    """A robot that is not there in time has failed."""
    judgement.hear_truth(31.0, 0.5, 0.0, falls=0, max_tilt_deg=4.0)
    assert judgement.over
    assert not judgement.success
    assert judgement.time_to_goal is None


def test_robot_that_is_content_beside_its_goal_is_not_waited_for(judgement: Judgement) -> None:
    """It cannot come nearer: it has stood there for a while, and its planner wants nothing more."""
    judgement.hear_truth(8.0, 1.2, 0.0, falls=0, max_tilt_deg=4.0)
    judgement.hear_plan(True)
    judgement.hear_truth(9.0, 1.2, 0.0, falls=0, max_tilt_deg=4.0)
    judgement.hear_plan(False)
    judgement.hear_plan(True)
    judgement.hear_truth(13.9, 1.2, 0.0, falls=0, max_tilt_deg=4.0)
    assert not judgement.over
    judgement.hear_truth(14.0, 1.2, 0.0, falls=0, max_tilt_deg=4.0)
    assert (judgement.over, judgement.success, judgement.outcome) == (True, False, "stopped beside the goal")


def test_outcome_is_in_words(judgement: Judgement) -> None:
    """What became of it, or nothing while that is open."""
    assert judgement.outcome == ""
    judgement.hear_truth(5.0, 1.9, 0.0, falls=0, max_tilt_deg=4.0, touches=2)
    judgement.hear_truth(7.0, 1.9, 0.0, falls=0, max_tilt_deg=4.0, touches=1)
    assert (judgement.outcome, judgement.touches) == ("goal reached", 2)
    judgement.hear_truth(7.1, 1.9, 0.0, falls=1, max_tilt_deg=80.0)
    assert judgement.outcome == "fallen"


def test_odometry_is_compared_at_the_same_time(judgement: Judgement) -> None:
    """The odometry error is the distance between estimate and truth of one time, between two estimates."""
    judgement.hear_odometry(0.98, 0.0, 0.0)
    judgement.hear_odometry(1.02, 0.0, 0.0)
    assert judgement.odometry_error == pytest.approx(0.0)
    judgement.hear_truth(5.01, 1.0, 0.0, falls=0, max_tilt_deg=4.0)
    judgement.hear_odometry(5.00, 1.0, 0.1)
    judgement.hear_odometry(5.02, 1.2, 0.1)
    assert judgement.odometry_error == pytest.approx((0.1**2 + 0.1**2) ** 0.5)
