"""Instances: real processes started from container images, one fleet per variant."""
