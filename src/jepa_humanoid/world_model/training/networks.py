"""The networks: encoder, predictor, and the heads that read frozen embeddings.

Shapes: B windows, D the latent's dimension, N cells, L frames of history, F features a frame.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from jepa_humanoid.world_model.errors import WorldModelError
from jepa_humanoid.world_model.observation import FEATURES, HEIGHT_FLOOR, HEIGHT_STEP, UNKNOWN
from jepa_humanoid.world_model.settings import WorldModelSettings

_OBSTACLE_HEIGHT = 0.12
"""Between what a foot swings over and what it does not [m]; the low obstacles of our scenes are 0.2 m."""
_OBSTACLE_SOFTNESS = 0.04
"""Width of that transition [m], about twice the elevation grid's noise."""


class Encoder(nn.Module):
    """Elevation codes (B, N, N) and proprioceptive history (B, L, F) to an embedding z (B, D).

    The last layer is a BatchNorm without affine parameters: the scale of z is fixed, only its shape is learned, which
    SIGReg then presses towards an isotropic Gaussian.
    """

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(self, settings: WorldModelSettings) -> None:
        """Build it.

        Args:
            settings: Sizes.

        Raises:
            WorldModelError: If the close look does not fit in the middle of the grid.
        """
        super().__init__()
        observation, network = settings.observation, settings.network
        if network.near % 4 or network.near > observation.cells or (observation.cells - network.near) % 2:
            raise WorldModelError(
                f"network.near {network.near} is no multiple of 4 that fits in the middle of {observation.cells} cells"
            )
        c = network.channels
        # Folding 2 × 2 cells into channels costs no detail and halves the time of the first layers.
        self.grid = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, c[0], 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(c[0], c[1], 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(c[1], c[2], 3, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(c[2] * (observation.cells // 8) ** 2, network.trunk),
        )
        # What stands within reach decides about touching, and is lost in an embedding of the whole grid alone.
        self.edge = (observation.cells - network.near) // 2
        self.near = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, c[0], 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(c[0], c[1], 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(c[1] * (network.near // 4) ** 2, network.trunk // 2),
        )
        self.body = nn.Sequential(nn.Linear(observation.history * len(FEATURES), 64), nn.SiLU(), nn.Linear(64, 64))
        self.join = nn.Sequential(
            nn.SiLU(),
            nn.Linear(network.trunk + network.trunk // 2 + 64, network.trunk),
            nn.SiLU(),
            nn.Linear(network.trunk, network.latent),
            nn.BatchNorm1d(network.latent, affine=False),
        )
        self.register_buffer("feature_mean", torch.zeros(len(FEATURES)))
        self.register_buffer("feature_scale", torch.ones(len(FEATURES)))

    def forward(self, codes: Tensor, history: Tensor) -> Tensor:
        """Embed observations."""
        known = (codes != UNKNOWN).float()
        height = codes.float() * HEIGHT_STEP + HEIGHT_FLOOR
        obstacle = torch.sigmoid((height - _OBSTACLE_HEIGHT) / _OBSTACLE_SOFTNESS)
        grid = torch.stack([known, known * height, known * obstacle], dim=1)
        middle = grid[:, :, self.edge : grid.shape[2] - self.edge, self.edge : grid.shape[3] - self.edge]
        body = (history - self.feature_mean) / self.feature_scale
        return self.join(torch.cat([self.grid(grid), self.near(middle), self.body(body.flatten(1))], dim=1))


class Predictor(nn.Module):
    """Embedding and command of one step to the next embedding: z' = z + f(z, a).

    f is a residual MLP whose blocks are modulated by the command (FiLM, arXiv 1709.07871). Moving a map under the
    robot's feet is bilinear in map and motion, which is what a modulation can express.
    """

    scale: Tensor

    def __init__(self, settings: WorldModelSettings) -> None:
        """Build it.

        Args:
            settings: Sizes and command limits.
        """
        super().__init__()
        network, limits = settings.network, settings.limits
        self.blocks = network.blocks
        self.width = network.predictor
        self.modulation = nn.Sequential(
            nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 2 * network.blocks * network.predictor)
        )
        self.lift = nn.Linear(network.latent, network.predictor)
        self.layers = nn.ModuleList(nn.Linear(network.predictor, network.predictor) for _ in range(network.blocks))
        self.drop = nn.Linear(network.predictor, network.latent)
        self.register_buffer(
            "scale", torch.tensor([max(map(abs, r)) for r in (limits.forward, limits.lateral, limits.turn)])
        )

    def modulate(self, command: Tensor) -> Tensor:
        """FiLM parameters of commands (..., 3), shape (..., blocks · 2 · width); they do not depend on z."""
        return self.modulation(command / self.scale)

    def advance(self, z: Tensor, modulation: Tensor) -> Tensor:
        """Next embedding (B, D) under modulation from `modulate`, (B, blocks · 2 · width)."""
        h = self.lift(z)
        for layer, film in zip(self.layers, modulation.split(2 * self.width, dim=-1), strict=True):
            gain, shift = film.split(self.width, dim=-1)
            h = h + functional.silu(layer(h) * (1.0 + gain) + shift)
        return z + self.drop(h)

    def forward(self, z: Tensor, command: Tensor) -> Tensor:
        """Next embedding (B, D) under a command (B, 3)."""
        return self.advance(z, self.modulate(command))


class InverseDynamics(nn.Module):
    """Two successive embeddings to the command between them, in units of the largest commands; shapes the embedding."""

    def __init__(self, settings: WorldModelSettings) -> None:
        """Build it.

        Args:
            settings: Sizes.
        """
        super().__init__()
        latent, head = settings.network.latent, settings.network.head
        self.net = nn.Sequential(nn.Linear(2 * latent, head), nn.SiLU(), nn.Linear(head, 3))

    def forward(self, z: Tensor, z_next: Tensor) -> Tensor:
        """Scaled command (B, 3)."""
        return self.net(torch.cat([z, z_next], dim=-1))


EVENTS = 7
"""Outputs of `StepHead`: displacement (3), collision logit, fall logit, effort, clearance."""


class StepHead(nn.Module):
    """What happens during one step, read from the embeddings before and after it and from the command."""

    scale: Tensor
    displacement_scale: Tensor
    effort_mean: Tensor
    effort_scale: Tensor

    def __init__(self, settings: WorldModelSettings) -> None:
        """Build it.

        Args:
            settings: Sizes and command limits.
        """
        super().__init__()
        latent, head, limits = settings.network.latent, settings.network.head, settings.limits
        self.step = settings.step
        self.net = nn.Sequential(
            nn.Linear(2 * latent + 3, head), nn.SiLU(), nn.Linear(head, head), nn.SiLU(), nn.Linear(head, EVENTS)
        )
        scale = torch.tensor([max(map(abs, r)) for r in (limits.forward, limits.lateral, limits.turn)])
        self.register_buffer("scale", scale)
        self.register_buffer("displacement_scale", 0.3 * settings.step * scale)
        self.register_buffer("effort_mean", torch.zeros(()))
        self.register_buffer("effort_scale", torch.ones(()))

    def forward(self, z: Tensor, z_next: Tensor, command: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Displacement (B, 3) [m, m, rad], logits of collision and fall (B,), effort [W] (B,), clearance [m] (B,)."""
        out = self.net(torch.cat([z, z_next, command / self.scale], dim=-1))
        displacement = command * self.step + out[..., :3] * self.displacement_scale
        effort = self.effort_mean + self.effort_scale * out[..., 5]
        return displacement, out[..., 3], out[..., 4], effort, out[..., 6]


class CostToGo(nn.Module):
    """Embedding and goal to the effective distance that is left to walk [m]: the crow's distance and a detour ≥ 0."""

    def __init__(self, settings: WorldModelSettings) -> None:
        """Build it.

        Args:
            settings: Sizes.
        """
        super().__init__()
        latent, head = settings.network.latent, settings.network.head
        self.net = nn.Sequential(
            nn.Linear(latent + 5, head), nn.SiLU(), nn.Linear(head, head), nn.SiLU(), nn.Linear(head, 1)
        )

    def forward(self, z: Tensor, goal: Tensor) -> Tensor:
        """Cost-to-go (B,) from embeddings (B, D) to goals (B, 2) in the frame of each embedding's robot [m]."""
        distance, described = describe_goal(goal)
        detour = functional.softplus(self.net(torch.cat([z, described], dim=-1))[..., 0] - 1.0)
        return distance + detour


class GoalPolicy(nn.Module):
    """Goal-conditioned inverse dynamics: the command that led from an embedding towards a place. A baseline."""

    scale: Tensor

    def __init__(self, settings: WorldModelSettings) -> None:
        """Build it.

        Args:
            settings: Sizes and command limits.
        """
        super().__init__()
        latent, head, limits = settings.network.latent, settings.network.head, settings.limits
        self.net = nn.Sequential(
            nn.Linear(latent + 5, head), nn.SiLU(), nn.Linear(head, head), nn.SiLU(), nn.Linear(head, 3)
        )
        self.register_buffer(
            "scale", torch.tensor([max(map(abs, r)) for r in (limits.forward, limits.lateral, limits.turn)])
        )

    def forward(self, z: Tensor, goal: Tensor) -> Tensor:
        """Command (B, 3) from embeddings (B, D) and goals (B, 2) in the robot's frame [m]."""
        return torch.tanh(self.net(torch.cat([z, describe_goal(goal)[1]], dim=-1))) * self.scale


def describe_goal(goal: Tensor) -> tuple[Tensor, Tensor]:
    """Distance (B,) and features (B, 5) of goals (B, 2): direction, distance near and far, both bounded."""
    distance = torch.sqrt(goal.square().sum(-1) + 1e-6)
    direction = goal / distance[..., None]
    features = torch.cat(
        [
            direction,
            torch.tanh(goal / 2.0),
            torch.tanh(distance / 4.0)[..., None],
        ],
        dim=-1,
    )
    return distance, features


class WorldModelNetworks(nn.Module):
    """All networks of one world model."""

    def __init__(self, settings: WorldModelSettings) -> None:
        """Build them.

        Args:
            settings: Sizes.
        """
        super().__init__()
        self.settings = settings
        self.encoder = Encoder(settings)
        self.predictor = Predictor(settings)
        self.inverse_dynamics = InverseDynamics(settings)
        self.step_head = StepHead(settings)
        self.cost_to_go = CostToGo(settings)
        self.policy = GoalPolicy(settings)

    def embedding_parameters(self) -> list[nn.Parameter]:
        """Parameters that the self-supervised objective trains."""
        return _parameters([self.encoder, self.predictor, self.inverse_dynamics])

    def head_parameters(self) -> list[nn.Parameter]:
        """Parameters that learn from labels, on frozen embeddings."""
        return _parameters([self.step_head, self.cost_to_go, self.policy])


def _parameters(modules: Sequence[nn.Module]) -> list[nn.Parameter]:
    return [parameter for module in modules for parameter in module.parameters()]


class Imagination(nn.Module):
    """A whole imagined rollout in one graph: the form in which predictor and heads are exported.

    Each returned tensor has one entry a candidate and step; poses are in the frame under the robot now.
    """

    def __init__(self, networks: WorldModelNetworks) -> None:
        """Wrap trained networks.

        Args:
            networks: They.
        """
        super().__init__()
        self.networks = networks
        self.horizon = networks.settings.horizon

    def forward(self, latent: Tensor, commands: Tensor, goal: Tensor) -> tuple[Tensor, ...]:
        """Imagine.

        Args:
            latent: Embedding of the present, (1, D).
            commands: Candidates, (K, H, 3) [m/s, m/s, rad/s].
            goal: In the frame under the robot, (2,) [m].

        Returns:
            Poses (K, H, 3) [m, m, rad], probabilities of collision and fall in each step (K, H), effort (K, H) [W],
            clearance (K, H) [m], cost-to-go (K, H) [m], embeddings (K, H, D).
        """
        predictor = self.networks.predictor
        modulation = predictor.modulate(commands)
        z = latent.expand(commands.shape[0], -1)
        trajectory = [z]
        for k in range(self.horizon):
            z = predictor.advance(z, modulation[:, k])
            trajectory.append(z)
        latents = torch.stack(trajectory, dim=1)
        before, after = latents[:, :-1], latents[:, 1:]
        displacement, collision, fall, effort, clearance = self.networks.step_head(before, after, commands)
        poses = chain(displacement)
        offset = goal - poses[..., :2]
        c, s = torch.cos(poses[..., 2]), torch.sin(poses[..., 2])
        local = torch.stack([c * offset[..., 0] + s * offset[..., 1], c * offset[..., 1] - s * offset[..., 0]], dim=-1)
        to_go = self.networks.cost_to_go(after, local)
        return poses, torch.sigmoid(collision), torch.sigmoid(fall), effort, clearance, to_go, after


def chain(displacement: Tensor) -> Tensor:
    """Chain displacements (K, H, 3), each in the frame that the one before ends in, into poses (K, H, 3)."""
    yaw_after = torch.cumsum(displacement[..., 2], dim=1)
    yaw = yaw_after - displacement[..., 2]
    c, s = torch.cos(yaw), torch.sin(yaw)
    x = torch.cumsum(c * displacement[..., 0] - s * displacement[..., 1], dim=1)
    y = torch.cumsum(s * displacement[..., 0] + c * displacement[..., 1], dim=1)
    return torch.stack([x, y, yaw_after], dim=-1)
