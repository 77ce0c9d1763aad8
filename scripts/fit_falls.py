"""Fits the fall alarm, `jepa_humanoid.safety.falling.FALLS`, to simulated pushes: `python scripts/fit_falls.py`.

A G1 that stands, and one that walks at 0.3 m/s, is pushed from eight sides by 30 to 80 N·s, with estimated state,
noise, delay, friction and masses drawn; seeds are from 1200 on. A logistic regression tells the time between push and
0.2 s before a fall from the time after a push that was withstood; each push counts as much as any other. It prints the
weights, and how well they do on the pushes that they were fitted to.
"""

import argparse
import os
import pickle
from collections.abc import Sequence
from pathlib import Path

# Before numpy: one thread a process.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.optimize import minimize

from jepa_humanoid.evaluation.falls import LEAD, PushRecord, record_pushes, summarize_falls
from jepa_humanoid.safety.falling import FallModel

FIRST_SEED = 1200
PENALTY = 1e-4
"""On the squared weights of features that are scaled to a standard deviation of one."""


def fit(records: Sequence[PushRecord]) -> FallModel:
    """The regression with the greatest likelihood, less the penalty."""
    rows, labels, counts = [], [], []
    for record in records:
        chosen = record.balance if record.fell is None else record.balance[record.times <= record.fell - LEAD]
        if len(chosen):
            rows.append(chosen)
            labels.append(np.full(len(chosen), record.fell is not None))
            counts.append(np.full(len(chosen), 1.0 / len(chosen)))
    X, y, w = np.concatenate(rows), np.concatenate(labels), np.concatenate(counts)
    mean, scale = X.mean(axis=0), X.std(axis=0)
    Z = np.column_stack([np.ones(len(X)), (X - mean) / scale])

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        s = Z @ beta
        p = 1.0 / (1.0 + np.exp(-np.clip(s, -50.0, 50.0)))
        value = np.sum(w * (np.logaddexp(0.0, s) - y * s)) / w.sum() + PENALTY * beta[1:] @ beta[1:]
        return float(value), Z.T @ (w * (p - y)) / w.sum() + 2.0 * PENALTY * np.concatenate([[0.0], beta[1:]])

    beta = minimize(loss, np.zeros(Z.shape[1]), jac=True, method="L-BFGS-B").x
    weights = beta[1:] / scale
    a, b, c, d, e, f = np.round(weights, 3).tolist()
    return FallModel(round(float(beta[0] - weights @ mean), 3), (a, b, c, d, e, f))


def main() -> None:
    """Record, fit, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--records", type=Path, help="file to keep the recorded pushes in, or to take them from")
    given = parser.parse_args()
    if given.records is not None and given.records.exists():
        records: list[PushRecord] = pickle.loads(given.records.read_bytes())
    else:
        records = list(record_pushes(range(FIRST_SEED, FIRST_SEED + given.seeds)))
        if given.records is not None:
            given.records.write_bytes(pickle.dumps(records))
    model = fit(records)
    print(model)
    print(summarize_falls(records, model))


if __name__ == "__main__":
    main()
