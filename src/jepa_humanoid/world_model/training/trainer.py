"""The two phases of learning: first the embedding, by itself; then the heads, on what it froze into."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from jepa_humanoid import geometry
from jepa_humanoid.storage import make_folder, write_whole
from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.experience import Experience, WindowCutter, Windows, mirrored
from jepa_humanoid.world_model.observation import PLANAR_MIRROR
from jepa_humanoid.world_model.settings import WorldModelSettings
from jepa_humanoid.world_model.training.networks import WorldModelNetworks
from jepa_humanoid.world_model.training.objective import jepa_losses, known_mean

CHECKPOINT = "checkpoint.pt"
CURVE = "curve.csv"
_CURVE_COLUMNS = ["phase", "step", "loss", "value"]
_DAMAGED = "{path} is damaged ({error}); remove it to train anew, or bring an undamaged one back"

_SAVE_EVERY = 250
_SAVE_AFTER = 30.0
"""Time without a checkpoint after which one is written [s]: what a stopped run loses at most."""
_REPORT_EVERY = 25
_LARGEST_CLEARANCE = 1.5
"""Clearance beyond which the head need not tell distances apart [m]."""
_LARGEST_DETOUR = 6.0
"""Detour beyond which cost-to-go labels are cut [m], so that dead ends do not drown the rest."""
_HINDSIGHT = (10, 80)
"""Frames after which a place that was reached serves as a goal for goal-conditioned inverse dynamics."""
_WARM_UP = 0.05
"""Share of a phase's steps in which the learning rate rises."""


@dataclass(frozen=True)
class Report:
    """Where training stands: phase and step, and running means of the losses."""

    phase: str
    step: int
    steps: int
    losses: dict[str, float]


class Trainer:
    """Trains one world model; stops and resumes at any step."""

    def __init__(
        self,
        settings: WorldModelSettings,
        train: Experience,
        held_out: Experience,
        directory: Path,
        seed: int = 0,
        threads: int | None = None,
    ) -> None:
        """Build the networks, or read them from the directory's checkpoint.

        Args:
            settings: Sizes, objective, lengths.
            train: What to learn from.
            held_out: What to measure on.
            directory: Where checkpoint and curve go; a checkpoint that is there is continued.
            seed: Of initial weights and draws.
            threads: CPU threads of torch, None for its default.

        Raises:
            WorldModelError: If the checkpoint is damaged or belongs to other settings, or the folder takes no files.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        torch.manual_seed(seed)
        self.settings = settings
        self._train, self._held_out = train, held_out
        self._cutter, self._held_out_cutter = WindowCutter(train, settings), WindowCutter(held_out, settings)
        self._directory = directory
        self._rng = np.random.default_rng(seed)
        self.networks = WorldModelNetworks(settings)
        self._fit_scales()
        self._phase, self._step = "embedding", 0
        self._optimizer = self._make_optimizer(self._phase)
        make_folder(directory, WorldModelError)
        if (directory / CHECKPOINT).is_file():
            self._restore()
        self._rewind_curve()
        self._saved = time.monotonic()

    def run(self) -> Iterator[Report]:
        """Train to the end, yielding a report every few steps and saving now and then."""
        if self._phase == "embedding":
            yield from self._run_phase("embedding", self.settings.training.steps, self._embedding_step)
            self._phase, self._step = "heads", 0
            self._optimizer = self._make_optimizer(self._phase)
            self._save()
        if self._step < self.settings.training.head_steps:
            self.networks.eval()
            latents = self._embed(self._train)
            held_out = self._embed(self._held_out)
            yield from self._run_phase(
                "heads", self.settings.training.head_steps, lambda: self._head_step(latents), held_out
            )
        self.networks.eval()

    def _run_phase(
        self,
        phase: str,
        steps: int,
        take_step: Callable[[], dict[str, Tensor]],
        held_out: NDArray[np.float32] | None = None,
    ) -> Iterator[Report]:
        running: dict[str, list[float]] = {}
        while self._step < steps:
            for group in self._optimizer.param_groups:
                group["lr"] = self.settings.training.learning_rate * _schedule(self._step / steps)
            losses = take_step()
            self._optimizer.zero_grad(set_to_none=True)
            losses["total"].backward()
            parameters = [p for group in self._optimizer.param_groups for p in group["params"]]
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            self._optimizer.step()
            self._step += 1
            for name, value in losses.items():
                running.setdefault(name, []).append(float(value.detach()))
            if not np.isfinite(running["total"][-1]):
                raise WorldModelError(f"training diverged in phase '{phase}' at step {self._step}")
            reported = self._step % _REPORT_EVERY == 0 or self._step == steps
            measured = self._step % _SAVE_EVERY == 0 or self._step == steps
            means = {name: float(np.mean(values)) for name, values in running.items()} if reported else {}
            if measured:
                means |= {f"held_out_{name}": value for name, value in self._measure(phase, held_out).items()}
            if reported:
                running.clear()
                self._log(phase, means)
            if measured or time.monotonic() - self._saved > _SAVE_AFTER:
                self._save()
            if reported:
                yield Report(phase, self._step, steps, means)

    def _embedding_step(self) -> dict[str, Tensor]:
        self.networks.train()
        return self._embedding_losses(self._cutter.draw(self.settings.training.batch, self._rng), self._train, True)

    def _embedding_losses(self, windows: Windows, experience: Experience, mirror: bool) -> dict[str, Tensor]:
        codes, history = experience.codes[windows.rows], experience.features[windows.history]
        commands = windows.commands
        if mirror:
            half = len(codes) // 2
            codes[:half], history[:half], commands[:half] = mirrored(codes[:half], history[:half], commands[:half])
        batch, length = codes.shape[:2]
        z = self.networks.encoder(
            torch.from_numpy(codes).flatten(0, 1), torch.from_numpy(history).flatten(0, 1)
        ).unflatten(0, (batch, length))
        losses = jepa_losses(
            self.networks, z, torch.from_numpy(commands), torch.from_numpy(windows.inside), self.settings.objective
        )
        return {
            "total": losses.total,
            "prediction": losses.prediction,
            "regularization": losses.regularization,
            "decorrelation": losses.decorrelation,
            "inverse_dynamics": losses.inverse_dynamics,
            "one_step_ratio": losses.copy_one_step / losses.one_step,
        }

    @torch.no_grad()
    def _embed(self, experience: Experience) -> NDArray[np.float32]:
        """Embeddings of every frame as it is and mirrored, (2, T, D)."""
        result = np.empty((2, len(experience), self.settings.network.latent), np.float32)
        length = self.settings.observation.history
        for begin in range(0, len(experience), 512):
            rows = np.arange(begin, min(begin + 512, len(experience)))
            history_rows = np.maximum(rows[:, None] + np.arange(1 - length, 1), experience.first[rows][:, None])
            codes, history = experience.codes[rows], experience.features[history_rows]
            flipped_codes, flipped_history, _ = mirrored(codes, history, np.zeros((len(rows), 3), np.float32))
            for side, (c, h) in enumerate(((codes, history), (flipped_codes, flipped_history))):
                result[side, rows] = self.networks.encoder(torch.from_numpy(c), torch.from_numpy(h)).numpy()
        return result

    def _head_step(self, latents: NDArray[np.float32]) -> dict[str, Tensor]:
        windows = self._cutter.draw(self.settings.training.head_batch, self._rng)
        return self._head_losses(windows, self._train, latents, self._rng)

    def _head_losses(
        self, windows: Windows, experience: Experience, latents: NDArray[np.float32], rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Losses of all heads on embeddings rolled out from the first observation, as the planner will read them."""
        networks = self.networks
        batch, horizon = windows.inside.shape
        side = rng.integers(2, size=(batch, 1))
        sign = np.asarray(np.where(side == 1, PLANAR_MIRROR, np.float32(1.0)), np.float32)
        commands = torch.from_numpy(windows.commands * sign[:, None])
        displacement = torch.from_numpy(windows.displacement * sign[:, None])
        with torch.no_grad():
            seen = torch.from_numpy(latents[side, windows.rows])
            modulation = networks.predictor.modulate(commands)
            trajectory = [seen[:, 0]]
            for k in range(horizon):
                trajectory.append(networks.predictor.advance(trajectory[-1], modulation[:, k]))
            imagined = torch.stack(trajectory, dim=1)
            # One window in four is read as seen, so that heads also hold for the first steps of a rollout.
            source = torch.where(torch.from_numpy(rng.random(batch) < 0.25)[:, None, None], seen, imagined)
        valid = torch.from_numpy(windows.inside & windows.upright)
        moved, collision, fall, effort, clearance = networks.step_head(source[:, :-1], source[:, 1:], commands)
        head = networks.step_head
        # A robot's recording does not know what was touched, nor how near it was.
        touched, touch_known = torch.from_numpy(windows.collision).float(), torch.from_numpy(windows.collision_known)
        near = torch.from_numpy(np.minimum(windows.clearance, _LARGEST_CLEARANCE))
        losses = {
            "displacement": functional.smooth_l1_loss(
                (moved / head.displacement_scale)[valid], (displacement / head.displacement_scale)[valid]
            ),
            "collision": known_mean(
                functional.binary_cross_entropy_with_logits(collision, touched, reduction="none"), valid & touch_known
            ),
            "fall": functional.binary_cross_entropy_with_logits(
                fall[valid], torch.from_numpy(windows.fall).float()[valid]
            ),
            "effort": functional.smooth_l1_loss(
                effort[valid] / head.effort_scale, torch.from_numpy(windows.effort)[valid] / head.effort_scale
            ),
            "clearance": 4.0
            * known_mean(
                functional.smooth_l1_loss(clearance, near.nan_to_num(), beta=0.1, reduction="none"),
                valid & near.isfinite(),
            ),
            "cost_to_go": self._cost_to_go_loss(windows, experience, source, valid, sign, rng),
            "policy": self._policy_loss(windows, experience, seen[:, 0], commands[:, 0], sign, rng),
        }
        return {"total": torch.stack(list(losses.values())).sum(), **losses}

    def _cost_to_go_loss(
        self,
        windows: Windows,
        experience: Experience,
        z: Tensor,
        valid: Tensor,
        sign: NDArray[np.float32],
        rng: np.random.Generator,
    ) -> Tensor:
        batch = len(windows.rows)
        if experience.goals.shape[1] == 0:
            return z.new_zeros(())
        which = rng.integers(experience.goals.shape[1], size=(batch, 1))
        goals = experience.goals[windows.rows, which]
        local = geometry.to_local(experience.poses[windows.rows], goals) * sign[:, None, :2]
        left = experience.cost_to_go[windows.rows, which]
        distance = np.hypot(local[..., 0], local[..., 1])
        label = np.minimum(np.maximum(left, distance), distance + _LARGEST_DETOUR)
        usable = np.isfinite(label)
        usable[:, 1:] &= valid.numpy()
        predicted = self.networks.cost_to_go(z, torch.from_numpy(local.astype(np.float32)))
        target = torch.from_numpy(np.nan_to_num(label).astype(np.float32))
        mask = torch.from_numpy(usable)
        return known_mean(functional.smooth_l1_loss(predicted, target, beta=0.25, reduction="none"), mask)

    def _policy_loss(
        self,
        windows: Windows,
        experience: Experience,
        z: Tensor,
        commands: Tensor,
        sign: NDArray[np.float32],
        rng: np.random.Generator,
    ) -> Tensor:
        start = windows.rows[:, 0]
        later = np.minimum(start + rng.integers(*_HINDSIGHT, size=len(start)), experience.last[start])
        goal = geometry.to_local(experience.poses[start], experience.poses[later][:, :2]) * sign[:, :2]
        target = commands / self.networks.policy.scale
        output = self.networks.policy(z, torch.from_numpy(goal.astype(np.float32))) / self.networks.policy.scale
        mask = torch.from_numpy(windows.upright[:, 0] & windows.inside[:, 0])
        return functional.mse_loss(output[mask], target[mask])

    @torch.no_grad()
    def _measure(self, phase: str, latents: NDArray[np.float32] | None) -> dict[str, float]:
        """Losses on held-out episodes, on the same windows each time."""
        rng = np.random.default_rng(0)
        self.networks.eval()
        windows = self._held_out_cutter.draw(256, rng)
        if phase == "embedding":
            losses = self._embedding_losses(windows, self._held_out, False)
        else:
            assert latents is not None
            losses = self._head_losses(windows, self._held_out, latents, rng)
        return {name: float(value) for name, value in losses.items()}

    def _fit_scales(self) -> None:
        """Normalise features and effort by what the training episodes hold."""
        networks, train = self.networks, self._train
        networks.encoder.feature_mean.copy_(torch.from_numpy(train.features.mean(0)))
        networks.encoder.feature_scale.copy_(torch.from_numpy(train.features.std(0) + 1e-3))
        networks.step_head.effort_mean.fill_(float(train.effort.mean()))
        networks.step_head.effort_scale.fill_(float(train.effort.std()) + 1e-3)

    def _make_optimizer(self, phase: str) -> torch.optim.Optimizer:
        parameters = self.networks.embedding_parameters() if phase == "embedding" else self.networks.head_parameters()
        training = self.settings.training
        return torch.optim.AdamW(parameters, lr=training.learning_rate, weight_decay=training.weight_decay)

    def _log(self, phase: str, losses: dict[str, float]) -> None:
        path = self._directory / CURVE
        try:
            with path.open("a", encoding="utf-8", newline="") as file:
                rows = ([phase, self._step, name, f"{value:.6g}"] for name, value in losses.items())
                csv.writer(file).writerows(rows)
        except OSError as error:
            raise WorldModelError(f"cannot write {path}: {error.strerror}; make room, then train on") from error

    def _rewind_curve(self) -> None:
        """Take back what the curve says of steps after the checkpoint: they are taken again."""
        path = self._directory / CURVE
        rows: list[list[str]] = []
        if path.is_file() and (self._phase, self._step) != ("embedding", 0):
            with path.open(encoding="utf-8", errors="replace", newline="") as file:
                rows = [row for row in csv.reader(file) if self._is_past(row)]
        text = io.StringIO(newline="")
        csv.writer(text).writerows([_CURVE_COLUMNS, *rows])
        write_whole(path, text.getvalue(), WorldModelError)

    def _is_past(self, row: list[str]) -> bool:
        """Whether a row of the curve is whole, and of a step that the checkpoint has behind it."""
        if len(row) != len(_CURVE_COLUMNS) or not row[1].isdecimal():
            return False
        return int(row[1]) <= self._step if row[0] == self._phase else row[0] == "embedding"

    def _save(self) -> None:
        state = {
            "settings": self.settings.as_dict(),
            "phase": self._phase,
            "step": self._step,
            "networks": self.networks.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "torch_rng": torch.get_rng_state(),
            "numpy_rng": self._rng.bit_generator.state,
        }
        content = io.BytesIO()
        torch.save(state, content)
        write_whole(self._directory / CHECKPOINT, content.getvalue(), WorldModelError)
        self._saved = time.monotonic()

    def _restore(self) -> None:
        path = self._directory / CHECKPOINT
        state = _read_checkpoint(path, self.settings)
        try:
            self.networks.load_state_dict(state["networks"])
            self._phase, self._step = state["phase"], state["step"]
            self._optimizer = self._make_optimizer(self._phase)
            self._optimizer.load_state_dict(state["optimizer"])
            torch.set_rng_state(state["torch_rng"])
            self._rng.bit_generator.state = state["numpy_rng"]
        except Exception as error:
            raise WorldModelError(_DAMAGED.format(path=path, error=error)) from error


def load_networks(directory: Path, settings: WorldModelSettings) -> WorldModelNetworks:
    """Read trained networks out of a training directory, ready for export.

    Raises:
        WorldModelError: If there is no checkpoint, or it is damaged or of other settings.
    """
    path = directory / CHECKPOINT
    if not path.is_file():
        raise WorldModelError(f"no checkpoint {path}: train first")
    state = _read_checkpoint(path, settings)
    networks = WorldModelNetworks(settings)
    try:
        networks.load_state_dict(state["networks"])
    except Exception as error:
        raise WorldModelError(_DAMAGED.format(path=path, error=error)) from error
    return networks.eval()


def _read_checkpoint(path: Path, settings: WorldModelSettings) -> dict[str, Any]:
    """Read a checkpoint of these settings; what is in it beyond numbers and names is not run."""
    try:
        state = torch.load(path, weights_only=True)
        trained_with = state["settings"]
    except Exception as error:
        # A damaged archive raises whatever torch stumbles over; its first line says what.
        raise WorldModelError(_DAMAGED.format(path=path, error=str(error).partition("\n")[0])) from error
    if trained_with != settings.as_dict():
        raise WorldModelError(f"{path} was trained with other settings; choose another folder or remove it")
    return dict(state)


def _schedule(progress: float) -> float:
    """Linear warm-up, then cosine decay to a hundredth; ``progress`` in [0, 1]."""
    if progress < _WARM_UP:
        return max(progress / _WARM_UP, 0.02)
    return 0.01 + 0.99 * 0.5 * (1.0 + float(np.cos(np.pi * (progress - _WARM_UP) / (1.0 - _WARM_UP))))
