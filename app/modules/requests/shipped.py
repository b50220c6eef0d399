"""The forms that come with requests. They are data: an organisation starts a new version of one and changes it as it likes."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

LIKELIHOOD = {"1": _l("1 · Rare"), "2": _l("2 · Unlikely"), "3": _l("3 · Possible"), "4": _l("4 · Likely"), "5": _l("5 · Almost certain")}
SEVERITY = {"1": _l("1 · Slight"), "2": _l("2 · Minor"), "3": _l("3 · Moderate"), "4": _l("4 · Major"), "5": _l("5 · Catastrophic")}
LEVELS = [{"from": 1, "code": "low", "label": _l("Low"), "tone": "good"},
          {"from": 5, "code": "medium", "label": _l("Medium"), "tone": "info"},
          {"from": 10, "code": "high", "label": _l("High"), "tone": "warning"},
          {"from": 15, "code": "critical", "label": _l("Critical"), "tone": "danger"}]

RESOURCE: dict[str, Any] = {
    "sections": [
        {"title": _l("What is needed"), "fields": [
            {"name": "what", "label": _l("What"), "kind": "choice", "required": True, "choices": {
                "people": _l("People"), "equipment": _l("Equipment"), "vehicle": _l("Vehicle"), "software": _l("Software"),
                "room": _l("Room")}},
            {"name": "skill", "label": _l("Skill or qualification"), "kind": "text", "shown_when": "what = people",
             "needed_when": "what = people"},
            {"name": "model", "label": _l("Make or model"), "kind": "text", "shown_when": "what in (equipment, vehicle, software)"},
            {"name": "quantity", "label": _l("How many"), "kind": "integer", "minimum": 1, "required": True, "start": "1"},
            {"name": "months", "label": _l("For how many months"), "kind": "decimal", "minimum": 0, "decimals": 1},
            {"name": "for_site", "label": _l("Used at"), "kind": "reference", "table": "site", "start": "user.site"}]},
        {"title": _l("Why"), "fields": [
            {"name": "benefit", "label": _l("What it makes possible"), "kind": "long_text", "required": True},
            {"name": "without", "label": _l("What happens without it"), "kind": "long_text"},
            {"name": "urgent", "label": _l("Urgent"), "kind": "boolean"},
            {"name": "urgency", "label": _l("Why it cannot wait"), "kind": "text", "shown_when": "urgent", "needed_when": "urgent"}]},
        {"title": _l("What it comes to"), "fields": [
            {"name": "cost_each", "label": _l("Cost of each"), "kind": "money", "calculated": "amount / quantity"},
            {"name": "cost_a_month", "label": _l("Cost a month"), "kind": "money", "calculated": "amount / months"}]}],
    "impact": ["cost_each", "cost_a_month"]}

DECISION: dict[str, Any] = {
    "sections": [
        {"title": _l("What is to be decided"), "fields": [
            {"name": "question", "label": _l("The question"), "kind": "long_text", "required": True},
            {"name": "horizon", "label": _l("Looking ahead"), "kind": "choice", "required": True, "start": "3",
             "choices": {"1": _l("One year"), "3": _l("Three years"), "5": _l("Five years")}},
            {"name": "final", "label": _l("It cannot be taken back"), "kind": "boolean"},
            {"name": "way_back", "label": _l("How one lives with it if it goes wrong"), "kind": "long_text", "shown_when": "final",
             "needed_when": "final"}]},
        {"title": _l("Options"), "fields": [
            {"name": "options", "label": _l("Options"), "kind": "rows", "rows_least": 2, "rows_most": 8, "columns": [
                {"name": "option", "label": _l("Option"), "kind": "text", "required": True},
                {"name": "benefits", "label": _l("Benefits"), "kind": "text"},
                {"name": "cost", "label": _l("Costs"), "kind": "money"},
                {"name": "risks", "label": _l("Risks"), "kind": "text"}]},
            {"name": "proposed", "label": _l("What is proposed, and why"), "kind": "long_text", "required": True}]},
        {"title": _l("Impact"), "fields": [
            {"name": "gain", "label": _l("Gain if it succeeds"), "kind": "money", "minimum": 0},
            {"name": "probability", "label": _l("Probability of success, in %"), "kind": "integer", "minimum": 0, "maximum": 100},
            {"name": "touched", "label": _l("People touched"), "kind": "integer", "minimum": 0},
            {"name": "cheapest", "label": _l("Cheapest option"), "kind": "money", "calculated": "least(options.cost)"},
            {"name": "spread", "label": _l("Dearest less cheapest"), "kind": "money",
             "calculated": "most(options.cost) - least(options.cost)"},
            {"name": "expected", "label": _l("Expected gain"), "kind": "money", "calculated": "gain * probability / 100"},
            {"name": "net", "label": _l("Expected gain less the amount"), "kind": "money",
             "calculated": "gain * probability / 100 - amount"},
            {"name": "verdict", "label": _l("On balance"), "calculated": "gain * probability / 100 - amount", "bands": [
                {"from": -1_000_000_000_000, "code": "loss", "label": _l("Costs more than it is expected to bring"), "tone": "danger"},
                {"from": 0, "code": "gain", "label": _l("Expected to bring more than it costs"), "tone": "good"}]}]}],
    "impact": ["expected", "net", "verdict", "cheapest", "spread"]}

RISK: dict[str, Any] = {
    "sections": [
        {"title": _l("The risk"), "fields": [
            {"name": "incident", "label": _l("After an incident"), "kind": "reference", "table": "hse_incident",
             "help": _l("What is known of it is filled in."),
             "fills": {"hazard": "title", "likelihood": "potential_likelihood", "severity": "potential_severity"}},
            {"name": "hazard", "label": _l("Hazard"), "kind": "text", "required": True},
            {"name": "exposed", "label": _l("Who is exposed"), "kind": "text"},
            {"name": "controls", "label": _l("What protects already"), "kind": "long_text"}]},
        {"title": _l("How high it is"), "fields": [
            {"name": "likelihood", "label": _l("Likelihood"), "kind": "choice", "required": True, "choices": LIKELIHOOD},
            {"name": "severity", "label": _l("Severity"), "kind": "choice", "required": True, "choices": SEVERITY},
            {"name": "score", "label": _l("Likelihood × severity"), "kind": "integer", "calculated": "likelihood * severity"},
            {"name": "level", "label": _l("Risk level"), "calculated": "likelihood * severity", "bands": LEVELS},
            {"name": "loss", "label": _l("What it would cost"), "kind": "money", "minimum": 0},
            {"name": "probability", "label": _l("Probability within a year, in %"), "kind": "integer", "minimum": 0, "maximum": 100},
            {"name": "expected_loss", "label": _l("Expected loss a year"), "kind": "money", "calculated": "loss * probability / 100"}]},
        {"title": _l("What is done"), "fields": [
            {"name": "measures", "label": _l("Further measures"), "kind": "long_text", "needed_when": "level in (high, critical)"},
            {"name": "stopped", "label": _l("Work is stopped until then"), "kind": "boolean", "shown_when": "level = critical"},
            {"name": "review_on", "label": _l("Looked at again on"), "kind": "date", "needed_when": "level in (medium, high, critical)"}]}],
    "impact": ["score", "level", "expected_loss"], "level": "level",
    "matrix": {"down": "likelihood", "across": "severity", "result": "level"}}

FORMS: dict[str, tuple[Any, Any]] = {"resource": (_l("Resource request"), RESOURCE), "decision": (_l("Strategic decision"), DECISION),
                                     "risk": (_l("Risk assessment"), RISK)}
