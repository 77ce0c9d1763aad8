"""How the few inner loops of the core are compiled: Numba, to machine code that is kept on disk.

A kernel is a plain function over preallocated arrays, with one definition; Python runs the same one when
``NUMBA_DISABLE_JIT=1``. Compiled once, it is loaded from the cache beside its source (or from ``NUMBA_CACHE_DIR``).
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def kernel(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function at its first call for the types of its arguments, strictly as IEEE 754 has it."""
    compiled: Callable[Parameters, Result] = numba.njit(cache=True, error_model="numpy")(function)
    return compiled
