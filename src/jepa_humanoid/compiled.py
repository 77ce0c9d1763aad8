"""How the few inner loops of the core are compiled: Numba, to machine code that is kept on disk.

A kernel is a plain function over preallocated arrays, with one definition; Python runs the same one when
``NUMBA_DISABLE_JIT=1``. Compiled once, it is loaded from the cache beside its source, from ``NUMBA_CACHE_DIR``, or from
the user's cache where the source may not be written to.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba
import numpy as np

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Records = np.ndarray[tuple[int], np.dtype[Any]]
"""Rows of memory laid out by `record`."""


def kernel(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function at its first call for the types of its arguments, strictly as IEEE 754 has it."""
    compiled: Callable[Parameters, Result]
    try:
        compiled = numba.njit(cache=True, error_model="numpy")(function)
    except RuntimeError:
        # Nowhere to keep it, as for a user without a home: every process compiles for itself, half a minute long.
        compiled = numba.njit(error_model="numpy")(function)
    return compiled


def record(**fields: tuple[Any, ...] | type) -> np.dtype[Any]:
    """Type of memory that Python and kernels share by name; make it with ``np.zeros(n, dtype)``.

    A row's fields are attributes, in kernels and in Python. A kernel takes such an array as one argument, and each
    argument of a kernel costs about 0.1 µs.

    Args:
        fields: Type of each field, or type and shape.
    """
    layout = [(name, *kind) if isinstance(kind, tuple) else (name, kind) for name, kind in fields.items()]
    return np.dtype((np.record, np.dtype(layout, align=True)))
