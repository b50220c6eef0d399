"""Believable requests for every organisation of the demo: what is asked, why, for how many days, and for how much."""

# ruff: noqa: E501 -- the sentences of sample texts stay whole

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wish:
    """One request as people write it. `ahead` and `days` say when, counted from the day on which it is made."""

    kind: str
    title: str
    why: str
    ahead: int = 0
    days: int = 1
    place: str = ""
    counterparty: str = ""
    amount: int = 0


WISHES: tuple[Wish, ...] = (
    Wish("leave", "Family holiday", "Two weeks in the school holidays; handover with my deputy is agreed.", 30, 12),
    Wish("leave", "Moving house", "Two days for the move, reachable by telephone.", 14, 2),
    Wish("leave", "Long service leave", "Four weeks, announced in spring; the rota is covered.", 45, 28),
    Wish("travel", "Trade fair and two supplier visits", "Three days with the new pump range; the comparison is due in May.", 21, 3, "Hamburg",
         amount=1_850),
    Wish("travel", "Factory acceptance of the switchgear", "Two of us witness the test; without it the delivery slips by six weeks.", 28, 6,
         "Bergamo", amount=12_400),
    Wish("permit", "Hot work on the pipe rack", "Replacement of two supports; gas test and fire watch are planned.", 3, 1, "Pipe rack, level 2"),
    Wish("permit", "Work at height on the antenna mast", "Annual inspection by rope access, two people.", 6, 2, "Antenna mast"),
    Wish("contract", "Maintenance of the lifts, three years", "The old contract ends in June; three offers were compared.", 40, 1_095,
         counterparty="Aldgate Lifts Ltd", amount=38_600),
    Wish("contract", "Translation of the safety manual", "French and Portuguese, fixed price.", 10, 60, counterparty="Mots Justes SARL",
         amount=4_200),
    Wish("deployment", "New version of the planning board", "Tested with two crews for a week; the way back takes ten minutes.", 2, 1,
         "Server room A"),
    Wish("letter", "Answer to the residents' association", "Noise at night: what was measured, what we change from next month.",
         counterparty="Residents' association"),
    Wish("letter", "Notice to the landlord about the roof", "Second notice, with photographs and the survey.", counterparty="Harwood Estates"),
    Wish("import_change_set", "Suppliers from the old system", "1,284 rows, checked against the ledger; 12 doubles are left out."),
    Wish("policy_document", "Driving for work, version 3", "Speed limiters and rest times; agreed with the works council."),
)
