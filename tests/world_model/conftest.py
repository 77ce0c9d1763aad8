"""Fixtures: small settings, and experience of a robot that slides over an analytic landscape."""

import numpy as np
import pytest

from jepa_humanoid import geometry
from jepa_humanoid.world_model.experience import Experience
from jepa_humanoid.world_model.observation import FEATURES, encode_heights
from jepa_humanoid.world_model.settings import (
    NetworkSettings,
    ObservationSettings,
    TrainingSettings,
    WorldModelSettings,
)

CELLS = 16


@pytest.fixture(scope="session")
def small() -> WorldModelSettings:
    """Settings of a model that trains in seconds."""
    return WorldModelSettings(
        step=0.3,
        horizon=3,
        observation=ObservationSettings(cells=CELLS, resolution=0.2, history=2),
        network=NetworkSettings(latent=16, channels=(8, 8, 8), near=8, trunk=32, predictor=32, blocks=1, head=16),
        training=TrainingSettings(steps=60, head_steps=60, batch=16, head_batch=32),
    )


def slide(seed: int, frames: int = 60) -> Experience:
    """One episode: a robot that follows commands at once, over waves one metre high and two long."""
    rng = np.random.default_rng(seed)
    commands = np.repeat(rng.uniform([0.0, -0.2, -0.6], [0.5, 0.2, 0.6], (frames // 6 + 1, 3)), 6, axis=0)[:frames]
    poses = np.zeros((frames, 3))
    poses[0] = rng.uniform(-5, 5, 3)
    for row in range(1, frames):
        poses[row] = geometry.compose(poses[row - 1], 0.1 * commands[row - 1])
    offsets = 0.2 * (np.arange(CELLS) - 0.5 * (CELLS - 1))
    grid = np.stack(np.meshgrid(offsets, offsets, indexing="ij"), axis=-1).reshape(-1, 2)
    points = geometry.compose(poses[:, None], np.concatenate([grid, np.zeros((len(grid), 1))], axis=1)[None])
    heights = np.cos(np.pi * points[..., 0]) * np.cos(np.pi * points[..., 1])
    before = np.concatenate([np.zeros((1, 3)), commands[:-1]])
    features = np.zeros((frames, len(FEATURES)), np.float32)
    features[:, :3] = features[:, 7:] = before
    touching = np.zeros(frames, bool)
    touching[-4:] = seed % 2 == 0
    goals = rng.uniform(-5, 5, (2, 2))
    return Experience(
        codes=encode_heights(heights.reshape(frames, CELLS, CELLS).astype(np.float32)),
        features=features,
        commands=commands.astype(np.float32),
        poses=poses,
        touching=touching,
        fallen=np.zeros(frames, bool),
        effort=np.full(frames, 100.0, np.float32),
        clearance=np.full(frames, 1.0, np.float32),
        goals=np.broadcast_to(goals.astype(np.float32), (frames, 2, 2)),
        cost_to_go=np.linalg.norm(poses[:, None, :2] - goals, axis=-1).astype(np.float32) + 0.5,
    )


@pytest.fixture(scope="session")
def experience() -> Experience:
    """A dozen episodes."""
    return Experience.join(slide(seed) for seed in range(12))
