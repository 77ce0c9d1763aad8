"""Step adaptation: the nominal step is left alone, a push is answered, bounds hold, and the optimum is the QP's."""

import cmath
import math

import daqp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jepa_humanoid.locomotion.model.step_adaptation import Landing, LandingBounds, LandingWeights, adapt_landing

OMEGA, DURATION = 3.85, 0.42
NOMINAL = Landing(0.1 - 0.2j, DURATION, 0.02 + 0.05j)
BOUNDS = LandingBounds((-0.4, 0.5), (-0.45, -0.16), (0.25, 0.65))
WEIGHTS = LandingWeights((1.0, 1.0), 0.002, 200.0)


def on_pattern(elapsed: float) -> complex:
    """DCM that reaches the nominal landing's offset at its time."""
    return (NOMINAL.position + NOMINAL.offset) * math.exp(-OMEGA * (DURATION - elapsed))


def adapt(dcm: complex, elapsed: float) -> Landing:
    """Adapt with the test's bounds and weights."""
    return adapt_landing(dcm, elapsed, NOMINAL, BOUNDS, OMEGA, WEIGHTS)


@pytest.mark.parametrize("elapsed", [0.0, 0.1, 0.3])
def test_step_on_the_pattern_is_left_alone(elapsed: float) -> None:
    """A DCM on its nominal path changes neither place nor time."""
    landing = adapt(on_pattern(elapsed), elapsed)
    assert landing.position == pytest.approx(NOMINAL.position, abs=1e-4)
    assert landing.duration == pytest.approx(DURATION, abs=1e-3)


def test_forward_push_lengthens_the_step() -> None:
    """A DCM ahead of its path lands the foot further ahead, and the offset stays near its nominal."""
    landing = adapt(on_pattern(0.1) + 0.04, 0.1)
    assert landing.position.real > NOMINAL.position.real + 0.05
    assert landing.offset.real == pytest.approx(NOMINAL.offset.real, abs=0.01)
    assert landing.offset.imag == pytest.approx(NOMINAL.offset.imag, abs=0.01)


def test_outward_push_lands_sooner_or_wider() -> None:
    """A DCM that leaves towards the swing foot is met earlier or further out."""
    landing = adapt(on_pattern(0.1) - 0.04j, 0.1)
    assert landing.duration < DURATION or landing.position.imag < NOMINAL.position.imag


def test_bounds_hold_and_the_rest_shows_in_the_offset() -> None:
    """A push beyond the leg's reach lands on the bound, and what is left appears in the offset."""
    landing = adapt(on_pattern(0.2) + 0.4, 0.2)
    assert landing.position.real == pytest.approx(BOUNDS.length[1], abs=1e-6)
    assert BOUNDS.duration[0] - 1e-9 <= landing.duration <= BOUNDS.duration[1] + 1e-9
    assert landing.offset.real > NOMINAL.offset.real + 0.02


@pytest.mark.parametrize("dcm", [complex(math.nan, 0.0), complex(0.0, math.inf)])
def test_what_is_no_number_leaves_the_nominal(dcm: complex) -> None:
    """A DCM that is not a number does not move the step."""
    assert adapt(dcm, 0.1) == NOMINAL


def between(low: float, high: float) -> st.SearchStrategy[float]:
    """Finite numbers between two others."""
    return st.floats(low, high, allow_subnormal=False)


def ordered(low: float, high: float) -> st.SearchStrategy[tuple[float, float]]:
    """A lower and an upper bound; they may be equal."""
    return st.tuples(between(low, high), between(low, high)).map(lambda pair: (min(pair), max(pair)))


PROGRAMS = st.tuples(
    st.builds(complex, between(-1.0, 1.0), between(-1.0, 1.0)),
    between(0.0, 0.6),
    st.builds(
        Landing,
        st.builds(complex, between(-0.5, 0.5), between(-0.5, 0.5)),
        between(0.2, 0.7),
        st.builds(complex, between(-0.2, 0.2), between(-0.2, 0.2)),
    ),
    st.builds(LandingBounds, ordered(-0.6, 0.6), ordered(-0.6, 0.6), ordered(0.2, 0.8)),
    between(2.5, 5.0),
    st.builds(
        LandingWeights, st.tuples(between(0.1, 10.0), between(0.1, 10.0)), between(1e-3, 1.0), between(1.0, 300.0)
    ),
)


def solve_as_program(
    dcm: complex, elapsed: float, nominal: Landing, bounds: LandingBounds, omega: float, weights: LandingWeights
) -> Landing:
    """The same landing from a general solver, in the variables x, y and Γ."""
    slope = dcm * math.exp(-omega * elapsed)
    hessian = np.diag([*weights.position, weights.timing])
    wanted = np.array([nominal.position.real, nominal.position.imag, math.exp(omega * nominal.duration)])
    gradient = -hessian @ wanted
    rows = np.array([[-1.0, 0.0, slope.real], [0.0, -1.0, slope.imag]])
    hessian = hessian + weights.offset * rows.T @ rows
    gradient = gradient - weights.offset * rows.T @ [nominal.offset.real, nominal.offset.imag]
    times = [math.exp(omega * t) for t in bounds.duration]
    low, high = np.array([bounds.length, bounds.width, times]).T.copy()
    x, _, flag, _ = daqp.solve(hessian, gradient, np.zeros((0, 3)), high, low, primal_tol=1e-13, dual_tol=1e-13)
    assert flag > 0
    position = complex(x[0], x[1])
    return Landing(position, math.log(x[2]) / omega, slope * x[2] - position)


@given(PROGRAMS)
@settings(max_examples=400)
def test_the_landing_is_the_optimum_of_the_quadratic_program(program: tuple) -> None:
    """Whatever bounds are active, a general solver finds the same landing to nine digits."""
    found, expected = adapt_landing(*program), solve_as_program(*program)
    assert cmath.isclose(found.position, expected.position, abs_tol=1e-9)
    assert found.duration == pytest.approx(expected.duration, abs=1e-9)
    assert cmath.isclose(found.offset, expected.offset, rel_tol=1e-9, abs_tol=1e-8)


@given(PROGRAMS)
@settings(max_examples=50)
def test_compiled_and_plain_agree(program: tuple) -> None:
    """The kernel does what its Python text says."""
    found, plain = adapt_landing(*program), adapt_landing.py_func(*program)
    assert cmath.isclose(found.position, plain.position, abs_tol=1e-12)
    assert found.duration == pytest.approx(plain.duration, abs=1e-12)
