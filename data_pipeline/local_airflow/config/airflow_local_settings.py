"""Airflow imports a module of this name when it starts, and takes its cluster policies from it."""

from data_pipeline.house_rules import dag_policy, task_policy

__all__ = ["dag_policy", "task_policy"]
