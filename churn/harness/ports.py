"""The old place of `free_port`."""

from churn.harness.processes import free_port

__all__ = ["free_port"]
