"""Workflows: graphs of steps as data, what is wrong with one, how a run goes on, who is asked."""

from app.core.workflow.checking import Flaw, flaws
from app.core.workflow.deciders import LAST_RESORTS, About, Chosen, choose, conflicted, found
from app.core.workflow.declared import decider_of, graph_of, needed
from app.core.workflow.directory import Directory
from app.core.workflow.flow import Move, Order, Standing, begin, happened, stopped
from app.core.workflow.graph import ASKING, Condition, Decider, Graph, Limit, Step, Way
from app.core.workflow.models import Workflow, WorkflowVersion
from app.core.workflow.moving import Plan, moved, plan
from app.core.workflow.shares import ALL, ANY, Share
from app.core.workflow.storing import Malformed, read, written
from app.core.workflow.versions import graph_of_version, next_number, version_declared, version_in_force, workflow_of

__all__ = ["ALL", "ANY", "ASKING", "LAST_RESORTS", "About", "Chosen", "Condition", "Decider", "Directory", "Flaw", "Graph", "Limit",
           "Malformed", "Move", "Order", "Plan", "Share", "Standing", "Step", "Way", "Workflow", "WorkflowVersion", "begin", "choose",
           "conflicted", "decider_of", "flaws", "found", "graph_of", "graph_of_version", "happened", "moved", "needed", "next_number",
           "plan", "read", "stopped", "version_declared", "version_in_force", "workflow_of", "written"]
