"""Workflows: graphs of steps as data, what is wrong with one, how a run goes on, who is asked."""

from app.core.workflow.checking import Flaw, flaws
from app.core.workflow.deciders import LAST_RESORTS, About, Chosen, choose
from app.core.workflow.declared import decider_of, graph_of, needed
from app.core.workflow.directory import Directory
from app.core.workflow.flow import Move, Order, Standing, begin, happened, stopped
from app.core.workflow.graph import Condition, Decider, Graph, Limit, Step, Way
from app.core.workflow.models import Workflow, WorkflowVersion
from app.core.workflow.moving import moved, plan
from app.core.workflow.shares import ALL, ANY, Share
from app.core.workflow.storing import Malformed, read, written

__all__ = ["ALL", "ANY", "LAST_RESORTS", "About", "Chosen", "Condition", "Decider", "Directory", "Flaw", "Graph", "Limit",
           "Malformed", "Move", "Order", "Share", "Standing", "Step", "Way", "Workflow", "WorkflowVersion", "begin", "choose", "decider_of",
           "flaws", "graph_of", "happened", "moved", "needed", "plan", "read", "stopped", "written"]
