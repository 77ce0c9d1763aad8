"""Sampling-based search in latent space, its costs, and the baselines it has to beat."""
