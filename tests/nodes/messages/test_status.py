"""Body and mind are known by what they say, exactly, or not at all."""

import json
import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from std_msgs.msg import String

from jepa_humanoid.locomotion.footstep import Footstep
from jepa_humanoid.locomotion.hands import HandState, HandStatus
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.report import read_report, write_report
from jepa_humanoid.nodes.messages.status import (
    read_body_status,
    read_plan_status,
    write_body_status,
    write_plan_status,
)
from jepa_humanoid.safety import BodyMode, Cause
from jepa_humanoid.simulation.pacing import Pace
from jepa_humanoid.simulation.report import RunReport
from jepa_humanoid.status import BodyStatus, PlanState, PlanStatus

number = st.floats(allow_nan=True, allow_infinity=True)
finite = st.floats(allow_nan=False, allow_infinity=False)
stamp = st.floats(1.0 - 2.0**31, 2.0**31 - 1.0, exclude_min=True, exclude_max=True)


def vector(*shape):
    return arrays(float, shape, elements=number)


footsteps = st.builds(Footstep, st.integers(0, 1), vector(3), number)
hands = st.builds(HandStatus, st.integers(0, 1), st.sampled_from(HandState), vector(3), vector(3))
body_statuses = st.builds(
    BodyStatus,
    stamp=stamp,
    mode=st.sampled_from(BodyMode),
    reason=st.text(),
    engaged=st.booleans(),
    contacts=vector(2),
    feet=vector(2, 3),
    forces=vector(2, 3),
    footsteps=st.lists(footsteps, max_size=4).map(tuple),
    hands=st.lists(hands, max_size=2).map(tuple),
    payload=vector(2),
    com=st.none() | vector(3),
    dcm=st.none() | vector(3),
    cause=st.sampled_from(Cause),
    emergency_stop=st.text(),
)


@st.composite
def plan_statuses(draw):
    candidates, steps = draw(st.integers(0, 5)), draw(st.integers(1, 5))
    return PlanStatus(
        stamp=draw(stamp),
        state=draw(st.sampled_from(PlanState)),
        reason=draw(st.text()),
        distance=draw(st.none() | number),
        beside=draw(number),
        surprise=draw(number),
        hazard=draw(number),
        plan_ms=draw(number),
        candidates=draw(vector(candidates, steps if candidates else 0, 2)),
        costs=draw(vector(candidates)),
        path=draw(vector(draw(st.integers(0, 5)), 2)),
    )


def assert_same(a, b):
    """Equal in every field, NaN included, and of the same types."""
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b)
    elif isinstance(a, float):
        assert a == b or (math.isnan(a) and math.isnan(b))
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    elif hasattr(a, "__dataclass_fields__"):
        for field in fields(a):
            assert_same(getattr(a, field.name), getattr(b, field.name))
    else:
        assert a == b


@given(body_statuses)
def test_body_status_survives_the_wire(status):
    """Every field arrives to the last bit, infinity and NaN included."""
    assert_same(read_body_status(write_body_status(status)), status)


@given(plan_statuses())
def test_plan_status_survives_the_wire(status):
    """Every field arrives to the last bit, costs of dropped candidates included."""
    assert_same(read_plan_status(write_plan_status(status)), status)


@given(plan_statuses())
def test_what_is_sent_is_json_for_everybody(status):
    """No NaN or Infinity outside of texts: parsers of other languages refuse them."""

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    assert set(json.loads(write_plan_status(status).data, parse_constant=refuse)) == {f.name for f in fields(status)}


reports = st.builds(
    RunReport,
    stamp=stamp,
    position=arrays(float, 3, elements=finite),
    yaw=finite,
    tilt_deg=finite,
    max_tilt_deg=finite,
    falls=st.integers(),
    touches=st.integers(),
    touching=st.lists(st.text()).map(tuple),
    pace=st.sampled_from([pace.name.lower() for pace in Pace]),
    real_time_factor=st.none() | finite,
)


@given(reports)
def test_report_survives_the_wire(report):
    """Every field arrives to the last bit."""
    assert_same(read_report(write_report(report)), report)


STANDS = BodyStatus(1.0, BodyMode.STAND, "standing", True, np.ones(2), np.zeros((2, 3)), np.zeros((2, 3)))
PLANS = PlanStatus(1.0, PlanState.WALKING, "walking", candidates=np.zeros((3, 4, 2)), costs=np.zeros(3))


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        (
            "mode",
            "flying",
            'mode is "flying", and has to be one of passive, damping, stand, walk, falling, fallen, get_up',
        ),
        ("mode", None, "mode is null, and has to be one of"),
        ("cause", "because", 'cause is "because", and has to be one of'),
        ("stamp", "soon", 'stamp is "soon", and has to be a number'),
        ("stamp", True, "stamp is true, and has to be a number"),
        ("stamp", 10**400, "has to be a number of double precision"),
        ("engaged", 1, "engaged is 1, and has to be true or false"),
        ("reason", 3, "reason is 3, and has to be a text"),
        ("contacts", [1.0], r"contacts has shape \(1,\), and has to have \(2\)"),
        ("contacts", "NaN", "contacts is .*, and has to be an array of numbers"),
        ("contacts", [1.0, "soon"], 'contacts is "soon", and has to be a number'),
        ("contacts", [1.0, None], "contacts is .*, and has to be an array of numbers"),
        ("feet", [[0.0, 0.0, 0.0], [0.0]], "feet is .*, and has to be an array of numbers"),
        ("footsteps", {}, "footsteps is {}, and has to be a list"),
        ("footsteps", [3], r"footsteps\[0\] is 3, and has to be an object"),
        ("footsteps", [{"side": 0.5, "position": [0, 0, 0], "yaw": 0}], r"footsteps\[0\].side is 0.5, and has to be"),
        ("footsteps", [{"side": 0, "yaw": 0}], r"footsteps\[0\].position is missing"),
        ("mood", "good", "unknown field mood"),
    ],
)
def test_malformed_status_is_named(field, value, cause):
    """What is no status is refused, and the message says where and why."""
    said = json.loads(write_body_status(STANDS).data) | {field: value}
    with pytest.raises(MessageError, match=f"controller/status: .*{cause}"):
        read_body_status(String(data=json.dumps(said)))


def test_missing_field_is_named():
    """A field that is not there is not made up."""
    said = json.loads(write_body_status(STANDS).data)
    del said["forces"]
    with pytest.raises(MessageError, match="controller/status: forces is missing"):
        read_body_status(String(data=json.dumps(said)))


def test_costs_belong_to_candidates():
    """A cost more than there are candidates is refused: nobody knows whose it is."""
    said = json.loads(write_plan_status(PLANS).data) | {"costs": [0.0] * 4}
    with pytest.raises(MessageError, match=r"plan/status: costs has shape \(4,\), and has to have \(3\)"):
        read_plan_status(String(data=json.dumps(said)))


@given(st.text() | st.text(alphabet='{}[]",:0123456789.eE-ntrufals ') | st.just("[" * 100_000))
def test_any_text_is_a_status_or_refused(text):
    """Whatever comes, nothing but a status or the one error comes out."""
    with pytest.raises(MessageError, match="plan/status: "):
        read_plan_status(String(data=text))


def test_sample_keeps_the_cheapest():
    """Of many candidates a few are told, the best among them; of few all."""
    costs = np.array([5.0, 1.0, np.inf, 4.0, 2.0, 3.0])
    many = PlanStatus(candidates=np.arange(6.0)[:, None, None] * np.ones((6, 4, 2)), costs=costs)
    few = many.sampled(3)
    np.testing.assert_array_equal(few.costs, [1.0, 3.0, 5.0])
    np.testing.assert_array_equal(few.candidates[:, 0, 0], [1.0, 5.0, 0.0])
    assert many.sampled(6) is many
