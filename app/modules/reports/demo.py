"""The reports of their own that the people of the demo keep."""

from __future__ import annotations

OPEN_BY_SITE = {
    "title": "Open incidents, site by site", "description": "For the Monday meeting: what is open, the oldest first.",
    "resource": "hse.incident", "columns": "reference, title, kind, potential_risk, occurred_at", "filters": "status=open",
    "sort": "occurred_at", "grouped_by": "site", "across": "potential_risk", "chart": "bar", "sharing": "shared",
}
LARGE_PAYMENTS = {
    "title": "Large payments of the quarter", "description": "Above 10,000, by department, with what they come to.",
    "resource": "procurement.payment", "columns": "reference, paid_on, supplier, supplier.remittance_email, purpose, amount",
    "filters": "amount__gte=10000&paid_on=last-90-days", "parameters": "paid_on=Paid within&department=Department&amount=Amount",
    "sort": "-amount", "grouped_by": "department", "across": "paid_on:month",
    "totals": "amount:sum, amount:average",
    "chart": "pie", "sharing": "shared",
}
