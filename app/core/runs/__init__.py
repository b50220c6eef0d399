"""Runs: structured work of several steps, with inputs, outputs, evidence and cost, that proposes and does not decide."""

from app.core.runs.context import Context
from app.core.runs.described import PATHS
from app.core.runs.executor import run_executor
from app.core.runs.launching import launch
from app.core.runs.models import ExecutiveRun, Fate, RunProposal, State

__all__ = ["PATHS", "Context", "ExecutiveRun", "Fate", "RunProposal", "State", "launch", "run_executor"]
