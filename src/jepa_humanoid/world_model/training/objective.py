"""The self-supervised objective: predict the next embedding, keep embeddings spread out, recover the command."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from jepa_humanoid.world_model.settings import ObjectiveSettings
from jepa_humanoid.world_model.training.networks import WorldModelNetworks

_KNOTS = 17
_LARGEST_T = 3.0


def sigreg(z: Tensor, directions: int) -> Tensor:
    """Sketched isotropic Gaussian regularisation (LeJEPA, arXiv 2511.08544): how far embeddings are from N(0, I).

    Embeddings are projected on random unit directions. On each, the Epps–Pulley statistic compares the empirical
    characteristic function with the standard normal's, φ(t) = e^{−t²/2}, weighted by e^{−t²/2} on [0, 3].

    Args:
        z: Embeddings, (B, D).
        directions: Number of directions, drawn anew at each call.

    Returns:
        The mean statistic, a scalar ≥ 0; its expectation for a standard normal sample does not depend on B.
    """
    a = torch.randn(z.shape[1], directions, device=z.device)
    projected = z @ (a / a.norm(dim=0))
    t = torch.linspace(0.0, _LARGEST_T, _KNOTS, device=z.device)
    phi = torch.exp(-0.5 * t.square())
    weight = torch.full_like(t, _LARGEST_T / (_KNOTS - 1)) * phi
    weight[[0, -1]] *= 0.5
    angles = projected[..., None] * t
    error = (torch.cos(angles).mean(0) - phi).square() + torch.sin(angles).mean(0).square()
    return z.shape[0] * (error @ weight).mean()


def decorrelation(z: Tensor) -> Tensor:
    """Covariance term of VICReg (arXiv 2105.04906): what SIGReg's one-dimensional views say too softly.

    A sum of a dozen independent directions looks Gaussian in almost every projection, although the other hundred
    directions repeat them.

    Args:
        z: Embeddings, (B, D).

    Returns:
        Sum of squared off-diagonal covariances a dimension, a scalar ≥ 0.
    """
    covariance = torch.cov(z.T)
    return (covariance.square().sum() - covariance.diagonal().square().sum()) / z.shape[1]


@dataclass(frozen=True)
class Losses:
    """Terms of the objective, each a scalar.

    Attributes:
        total: What is minimised.
        prediction: Mean squared error of predicted embeddings, over all starts and steps of a window.
        regularization: SIGReg's statistic a sample.
        decorrelation: Squared covariances between the embedding's dimensions.
        inverse_dynamics: Mean squared error of the recovered command, scaled.
        one_step: Prediction error at one step.
        copy_one_step: Error of repeating the embedding instead.
    """

    total: Tensor
    prediction: Tensor
    regularization: Tensor
    decorrelation: Tensor
    inverse_dynamics: Tensor
    one_step: Tensor
    copy_one_step: Tensor


def jepa_losses(
    networks: WorldModelNetworks, z: Tensor, commands: Tensor, inside: Tensor, objective: ObjectiveSettings
) -> Losses:
    """Roll the predictor out from every observation of the window to its end, and compare with what was seen.

    Gradients flow into both sides of the comparison: nothing is stopped, averaged over time or reconstructed.

    Args:
        networks: The networks.
        z: Embeddings of the windows, (B, H + 1, D).
        commands: (B, H, 3).
        inside: Whether each step lies in the episode, (B, H).
        objective: Weights.
    """
    horizon = commands.shape[1]
    modulation = networks.predictor.modulate(commands)
    predicted = z[:, :-1]
    errors, weights = [], []
    one_step = copy = z.new_zeros(())
    for k in range(horizon):
        predicted = networks.predictor.advance(
            predicted[:, : horizon - k].flatten(0, 1), modulation[:, k:].flatten(0, 1)
        ).unflatten(0, (z.shape[0], horizon - k))
        valid = inside[:, k:].float()
        error = (predicted - z[:, k + 1 :]).square().mean(-1) * valid
        errors.append(error.sum())
        weights.append(valid.sum())
        if k == 0:
            one_step = error.sum() / valid.sum()
            copy = ((z[:, 1:] - z[:, :-1]).square().mean(-1) * valid).sum() / valid.sum()
    prediction = torch.stack(errors).sum() / torch.stack(weights).sum()
    # Observations beyond an episode's end repeat its last one: they say nothing about how embeddings spread.
    seen = torch.cat([torch.ones_like(inside[:, :1]), inside], dim=1)
    sample = z[seen]
    regularization = sigreg(sample, objective.directions) / sample.shape[0]
    covariance = decorrelation(sample)
    recovered = networks.inverse_dynamics(z[:, :-1], z[:, 1:])
    wanted = commands / networks.predictor.scale
    inverse = functional.mse_loss(recovered[inside], wanted[inside])
    total = (
        prediction
        + objective.regularization * z.shape[0] * regularization
        + objective.decorrelation * covariance
        + objective.inverse_dynamics * inverse
    )
    return Losses(total, prediction, regularization, covariance, inverse, one_step, copy)


def known_mean(loss: Tensor, known: Tensor) -> Tensor:
    """Mean of a loss over what is known, both of one shape; zero if nothing is."""
    return loss[known].mean() if known.any() else loss.new_zeros(())
