"""Is the world model any good? Figures on held-out episodes, computed with the exported model as the robot runs it."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jepa_humanoid import geometry
from jepa_humanoid.geometry import Array
from jepa_humanoid.robot.state import Matrix
from jepa_humanoid.storage import write_whole
from jepa_humanoid.world_model.card import model_directory
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.experience import Experience, WindowCutter, Windows
from jepa_humanoid.world_model.runtime import IMAGINATION_OUTPUTS, Imagined, WorldModel
from jepa_humanoid.world_model.settings import WorldModelSettings


@dataclass(frozen=True)
class ModelReport:
    """Figures of one model; lists have one entry a step of the horizon.

    Attributes:
        windows: Imagined rollouts that were compared with what happened.
        hours: Of held-out experience that they were drawn from.
        latent: Dimension of the embedding.
        effective_rank: exp of the entropy of the embeddings' normalised singular values (RankMe, arXiv 2210.02885);
            it equals the dimension if all directions are used alike, and 1 if they collapsed to a line.
        prediction_error: Mean squared error of imagined embeddings, relative to the embeddings' variance.
        copy_error: The same for an embedding that stays as it is.
        mean_embedding_distance: Mean squared distance of embeddings from their mean, a dimension; SIGReg wants 1.
        position_error: Root mean square of imagined against true position [m].
        standing_error: The same for a robot that does not move [m].
        yaw_error: Root mean square of imagined against true heading [rad].
        collision_auc: Area under the ROC curve of the probability of touching something during the step.
        collision_share: Share of steps in which something was touched.
        clearance_error: Mean absolute error of the clearance [m], where there is less than a metre of it.
        cost_to_go_error: Mean absolute error of the cost-to-go [m].
        detour_error: Mean absolute error of taking the crow's distance for it [m].
        one_step_error: Mean squared error one step ahead, a dimension: the unit of surprise.
    """

    windows: int
    hours: float
    latent: int
    effective_rank: float
    prediction_error: list[float]
    copy_error: list[float]
    mean_embedding_distance: float
    position_error: list[float]
    standing_error: list[float]
    yaw_error: list[float]
    collision_auc: list[float]
    collision_share: list[float]
    clearance_error: list[float]
    cost_to_go_error: list[float]
    detour_error: list[float]
    one_step_error: float

    @property
    def ratio(self) -> list[float]:
        """Factor by which imagining beats copying, at each step."""
        return [c / max(p, 1e-12) for c, p in zip(self.copy_error, self.prediction_error, strict=True)]


def own_model(robots: Iterable[str]) -> Path:
    """Folder of the model of the one robot that all episodes are of.

    Args:
        robots: Names, one an episode.

    Raises:
        WorldModelError: If they are of several robots.
    """
    names = sorted(set(robots))
    if len(names) != 1:
        raise WorldModelError(f"a model imagines one robot's walking; the episodes are of {', '.join(names) or 'none'}")
    return model_directory(names[0])


def judge_model(model: WorldModel, experience: Experience, windows: int = 1500, seed: int = 0) -> ModelReport:
    """Compare imagined rollouts with what happened.

    Args:
        model: Loaded model.
        experience: That it has not learned from.
        windows: Rollouts to compare.
        seed: Of their choice.
    """
    card = model.card
    settings = WorldModelSettings(step=card.step, horizon=card.horizon, observation=card.observation)
    cutter = WindowCutter(experience, settings)
    rng = np.random.default_rng(seed)
    cut = cutter.draw(windows, rng)
    rows, inverse = np.unique(cut.rows, return_inverse=True)
    seen = _encode(model, experience, rows, settings)
    z = seen[inverse.reshape(cut.rows.shape)].astype(float)
    goal_index = rng.integers(max(experience.goals.shape[1], 1), size=windows)
    imagined = _imagine(model, experience, cut, z, goal_index)
    valid = cut.inside & cut.upright
    touch_known = valid & cut.collision_known
    variance = float(seen.var(axis=0).mean())
    prediction = (imagined.latents.astype(float) - z[:, 1:]) ** 2
    copied = (z[:, :1] - z[:, 1:]) ** 2
    truth = geometry.relative(experience.poses[cut.rows[:, :1]], experience.poses[cut.rows[:, 1:]])
    apart = imagined.poses - truth
    standing = np.linalg.norm(truth[..., :2], axis=-1)
    near = valid & (cut.clearance < 1.0)
    clearance = np.abs(imagined.clearance - cut.clearance)
    to_go, crow, known = _cost_to_go(experience, cut, goal_index)
    one_step = float(prediction[:, 0].mean(axis=-1)[cut.inside[:, 0]].mean())
    return ModelReport(
        windows=windows,
        hours=experience.seconds / 3600.0,
        latent=card.latent,
        effective_rank=effective_rank(seen),
        prediction_error=_by_step(prediction.mean(axis=-1) / variance, cut.inside),
        copy_error=_by_step(copied.mean(axis=-1) / variance, cut.inside),
        mean_embedding_distance=variance,
        position_error=_by_step((apart[..., :2] ** 2).sum(axis=-1), valid, root=True),
        standing_error=_by_step(standing**2, valid, root=True),
        yaw_error=_by_step(geometry.wrap(apart[..., 2]) ** 2, valid, root=True),
        collision_auc=[
            area_under_roc(imagined.collision[touch_known[:, k], k], cut.collision[touch_known[:, k], k])
            for k in range(card.horizon)
        ],
        collision_share=_by_step(cut.collision.astype(float), touch_known),
        clearance_error=_by_step(clearance, near),
        cost_to_go_error=_by_step(np.abs(imagined.cost_to_go - to_go), valid & known),
        detour_error=_by_step(np.abs(crow - to_go), valid & known),
        one_step_error=one_step,
    )


def effective_rank(z: NDArray[np.floating]) -> float:
    """RankMe of embeddings (N, D)."""
    singular = np.linalg.svd(z - z.mean(axis=0), compute_uv=False)
    share = singular / max(singular.sum(), 1e-12) + 1e-12
    return float(np.exp(-(share * np.log(share)).sum()))


def area_under_roc(score: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Probability that a positive scores higher than a negative; NaN without both."""
    count, others = int(positive.sum()), int((~positive).sum())
    if not count or not others:
        return float("nan")
    order = np.argsort(score, kind="stable")
    ranks = np.empty(len(score))
    ranks[order] = np.arange(1, len(score) + 1)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * others))


def write_model_report(report: ModelReport, path: Path) -> None:
    """Write a report as JSON."""
    write_whole(path, json.dumps(asdict(report) | {"ratio": report.ratio}, indent=1) + "\n")


def _encode(
    model: WorldModel, experience: Experience, rows: NDArray[np.int64], settings: WorldModelSettings
) -> NDArray[np.float32]:
    length = settings.observation.history
    history = np.maximum(rows[:, None] + np.arange(1 - length, 1), experience.first[rows][:, None])
    return np.stack(
        [model.encode(experience.codes[row], experience.features[h]) for row, h in zip(rows, history, strict=True)]
    )


def _imagine(
    model: WorldModel, experience: Experience, cut: Windows, z: Array, goal_index: NDArray[np.int64]
) -> Imagined:
    parts = []
    for number, start in enumerate(cut.rows[:, 0]):
        goal = np.zeros(2)
        if experience.goals.shape[1]:
            goal = geometry.to_local(experience.poses[start], experience.goals[start, goal_index[number]])
        parts.append(model.imagine(z[number, 0].astype(np.float32), cut.commands[number][None], goal))
    return Imagined(*(np.concatenate([getattr(part, name) for part in parts]) for name in IMAGINATION_OUTPUTS))


def _cost_to_go(
    experience: Experience, cut: Windows, goal_index: NDArray[np.int64]
) -> tuple[Matrix, Matrix, NDArray[np.bool_]]:
    """True cost-to-go and crow's distance after each step, and whether there is a label, each (B, H)."""
    rows = cut.rows[:, 1:]
    if not experience.goals.shape[1]:
        nothing = np.zeros(rows.shape)
        return nothing, nothing, nothing.astype(bool)
    goals = experience.goals[rows, goal_index[:, None]]
    crow = np.linalg.norm(goals - experience.poses[rows][..., :2], axis=-1)
    label = experience.cost_to_go[rows, goal_index[:, None]].astype(float)
    # As in training: labels of dead ends are cut.
    label = np.minimum(np.maximum(label, crow), crow + 6.0)
    return np.nan_to_num(label), crow, np.isfinite(label)


def _by_step(values: Matrix, mask: NDArray[np.bool_], root: bool = False) -> list[float]:
    means = [float(values[mask[:, k], k].mean()) if mask[:, k].any() else float("nan") for k in range(mask.shape[1])]
    return [float(np.sqrt(mean)) for mean in means] if root else means
