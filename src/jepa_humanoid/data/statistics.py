"""How the numbers of a dataset are spread, as `lerobot` reckons it: an episode for itself, and all of them together."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}


class Statistics(dict[str, dict[str, NDArray[Any]]]):
    """By feature and name (``min``, ``max``, ``mean``, ``std``, ``count``, ``q01`` to ``q99``): (n,) or (3, 1, 1)."""

    @staticmethod
    def of(arrays: Mapping[str, NDArray[Any]], features: Mapping[str, Mapping[str, Any]]) -> "Statistics":
        """The statistics of an episode; NaN where nothing is known.

        Args:
            arrays: Of T rows, by feature; pictures as grids (T, N, N) of bytes, whose statistics are of 0 to 1.
            features: What they are.
        """
        return Statistics(
            {
                name: _of_picture(array) if features[name]["dtype"] == "image" else _of(array.reshape(len(array), -1))
                for name, array in arrays.items()
            }
        )


def _of(values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    numbers = values.astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of columns of which nothing is known
        return {
            "min": np.nanmin(numbers, axis=0),
            "max": np.nanmax(numbers, axis=0),
            "mean": np.nanmean(numbers, axis=0),
            "std": np.nanstd(numbers, axis=0),
            "count": np.array([len(numbers)]),
            **{name: np.nanquantile(numbers, share, axis=0) for name, share in _QUANTILES.items()},
        }


def _of_picture(grids: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    of = _of(grids.reshape(-1, 1) / 255.0)
    # Three channels that are alike, and pictures counted rather than cells.
    channels = {name: np.full((3, 1, 1), float(value[0])) for name, value in of.items()}
    return channels | {"count": np.array([len(grids)])}


def together(parts: Sequence[Statistics]) -> Statistics:
    """The statistics of all episodes from those of each, weighted by their frames; quantiles are their means."""
    return Statistics({name: _joined([part[name] for part in parts]) for name in parts[0]})


def _joined(parts: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    known = [part for part in parts if np.isfinite(part["mean"]).all()] or parts
    counts = np.array([float(part["count"][0]) for part in known])
    weights = counts / counts.sum()

    def weighted(values: Sequence[NDArray[Any]]) -> NDArray[Any]:
        return np.asarray(np.tensordot(weights, np.stack(values), axes=1))

    mean = weighted([part["mean"] for part in known])
    variance = weighted([part["std"] ** 2 + (part["mean"] - mean) ** 2 for part in known])
    return {
        "min": np.min([part["min"] for part in known], axis=0),
        "max": np.max([part["max"] for part in known], axis=0),
        "mean": mean,
        "std": np.sqrt(variance),
        "count": np.array([int(counts.sum())]),
        **{name: weighted([part[name] for part in known]) for name in _QUANTILES},
    }
