"""The reports that come with procurement."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import ReportOf

REPORTS = (
    ReportOf("procurement.payments_by_supplier", _l("Payments by supplier"), "procurement.payment",
             ("reference", "paid_on", "purpose", "department", "amount", "status"),
             _l("What each supplier was paid in the last ninety days."),
             filters="paid_on__gte=today-90", sort="-paid_on", group="supplier", totals=("amount:sum", "amount:largest"), chart="bar"),
    ReportOf("procurement.payments_by_month", _l("Payments of the last twelve months"), "procurement.payment",
             ("reference", "paid_on", "supplier", "purpose", "amount"), _l("Month by month, with what they come to."),
             filters="paid_on__gte=today-365", sort="paid_on", group="paid_on:month", totals=("amount:sum",), chart="line"),
    ReportOf("procurement.to_release", _l("Payments to release by department"), "procurement.payment",
             ("reference", "paid_on", "supplier", "supplier.remittance_email", "purpose", "amount"),
             _l("What is recorded and waits for its release."),
             filters="status=recorded", sort="paid_on", group="department", totals=("amount:sum",), chart="bar"),
    ReportOf("procurement.requisitions_by_state", _l("Requisitions by state"), "procurement.requisition",
             ("reference", "title", "department", "supplier", "total", "needed_by"), _l("Where each stands, and what it comes to."),
             sort="-reference", group="status", totals=("total:sum", "total:average"), chart="pie"),
)
