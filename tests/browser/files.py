"""The payment file of the journeys: as a council's ledger prints it, with a date that does not exist."""

from __future__ import annotations

from datetime import date

DEPARTMENTS = {"Children and Families": "Marcus Oyelade", "Adults and Health": "Shirley Attwood"}
HEADS = "Paid,Voucher,Paid to,Sum,Unit,Kind,What for"
ROWS, RED = 56, 6
WRONG, RIGHT = "31/06/2026", "30/06/2026"


def payments(day: str = WRONG) -> str:
    """56 payments for each of two departments: ORANGE, every tenth RED, and one that needs nobody; line 5 has the date `day`."""
    lines = [HEADS]
    for number, unit in enumerate(DEPARTMENTS):
        for place in range(ROWS):
            amount = 51_000 + 130 * place if place % 10 == 9 else 5_200 + 210 * place
            when = day if (number, place) == (0, 3) else date(2026, 6, 1 + place % 28).strftime("%d/%m/%Y")
            supplier = f"Harehill Works {place % 14}"
            lines.append(f"{when},J-{number}{place:03d},{supplier},{amount}.00,{unit},Supplies and Services,Repairs {place}")
    return "\n".join([*lines, ""])
