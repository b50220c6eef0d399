"""A year of incidents and of the corrective actions that follow from them, drawn from the stories of a trade."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from app.demo.staff import Staff
from app.kernel import clock
from app.kernel.records import new_id
from app.modules.hse import matrix
from app.modules.hse.demo import OUTCOMES, PLACES, RESULTS, STORIES, Story
from app.modules.hse.models import CorrectiveAction, Incident, Kind, Likelihood, Progress, Severity, Status

YEAR = timedelta(days=365)
FRESH = timedelta(days=21)
NAMED = frozenset({Kind.FIRST_AID, Kind.MEDICAL_TREATMENT, Kind.RESTRICTED_WORK, Kind.LOST_TIME})
LIKELIHOODS, OFTEN = tuple(Likelihood), (2, 5, 6, 3, 1)


def draw(staff: Staff, dice: random.Random, count: int) -> tuple[list[Incident], list[CorrectiveAction]]:
    """Incidents of the twelve months up to now, the oldest first, with their corrective actions."""
    stories = STORIES[staff.house.trade]
    moments = sorted(clock.now() - YEAR * dice.random() for _n in range(count))
    incidents, steps = [], []
    for moment in moments:
        story = dice.choices(stories, [each.weight for each in stories])[0]
        incident = _incident(staff, dice, story, moment)
        incidents.append(incident)
        steps += [_step(staff, dice, incident, title) for title in story.steps if dice.random() < 0.8]
    _settle(incidents, steps, dice)
    return incidents, steps


def _incident(staff: Staff, dice: random.Random, story: Story, moment: datetime) -> Incident:
    reporter, place = dice.choice(staff.members), dice.choice(PLACES[staff.house.trade])
    occurred = (moment - timedelta(hours=dice.uniform(0.5, 20))).replace(second=0, microsecond=0)
    hurt = dice.choice(staff.members)
    potential = max(story.potential - (dice.random() < 0.3), story.actual)
    incident = Incident(
        id=new_id(), title=story.title.format(place=place), kind=story.kind, site_id=dice.choice(staff.sites).id,
        department_id=reporter.department_id, occurred_at=occurred, actual_severity=Severity(str(story.actual)),
        actual_likelihood=dice.choices(LIKELIHOODS, OFTEN)[0], potential_severity=Severity(str(potential)),
        potential_likelihood=dice.choices(LIKELIHOODS, OFTEN)[0], narrative=story.account, immediate_action=story.at_once,
        people_involved=f"{hurt.name}, {hurt.job_title}" if story.kind in NAMED else None, created_at=moment, updated_at=moment,
        created_by=reporter.id, updated_by=reporter.id, status=Status.OPEN)
    incident.counted_as = matrix.heading_of(incident.kind)
    incident.actual_risk = matrix.risk_of(incident.actual_severity, incident.actual_likelihood)
    incident.potential_risk = matrix.risk_of(incident.potential_severity, incident.potential_likelihood)
    return incident


def _step(staff: Staff, dice: random.Random, incident: Incident, title: str) -> CorrectiveAction:
    made = min(incident.created_at + timedelta(days=dice.uniform(0.1, 4)), clock.now())
    owner = dice.choice(staff.leads)
    due = made.date() + timedelta(days=dice.choice((7, 14, 21, 30, 45)))
    return CorrectiveAction(
        id=new_id(), title=title, incident_id=incident.id, owner_id=owner.id, due_on=due,
        state=Progress.OPEN, created_at=made, updated_at=made, created_by=incident.created_by, updated_by=incident.created_by)


def _settle(incidents: list[Incident], steps: list[CorrectiveAction], dice: random.Random) -> None:
    """Most of what is older than some weeks is done and closed; some of the rest is late."""
    waiting = set()
    for step in steps:
        age = clock.now() - step.created_at
        if dice.random() < min(0.97, age / timedelta(days=40)):
            step.state, step.result = Progress.DONE, dice.choice(RESULTS)
            step.done_on = min(step.due_on, clock.today()) - timedelta(days=dice.randint(0, 3))
            step.done_on = max(step.done_on, step.created_at.date())
        else:
            waiting.add(step.incident_id)
    for incident in incidents:
        age = clock.now() - incident.created_at
        if age > FRESH and incident.id not in waiting and dice.random() < min(0.98, age / timedelta(days=60)):
            incident.status, incident.outcome = Status.CLOSED, dice.choice(OUTCOMES)
            incident.closed_at = min(incident.created_at + timedelta(days=dice.uniform(5, 20)), clock.now())
