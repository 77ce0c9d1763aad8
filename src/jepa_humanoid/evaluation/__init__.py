"""Locomotion and navigation suites, and reports with pictures."""
