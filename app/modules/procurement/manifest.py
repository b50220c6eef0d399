"""Procurement: all that the rest of the system knows of this module."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import Action, Approval, Level, Lines, Module, Related, Resource, Role, Setting, Tile
from app.modules.procurement import forms, outliers, policy, posting, services
from app.modules.procurement.models import JournalLine, Payment, Requisition, RequisitionLine, Supplier
from app.modules.procurement.reports import REPORTS

LEVELS = (
    Level(_l("Manager of the department"), "manager_of:department", above="procurement.first_limit", hours=24, risk="ORANGE"),
    Level(_l("Two finance approvers"), "role:finance_approver", needs=2, above="procurement.second_limit", hours=48, risk="RED"),
)

suppliers = Resource(
    Supplier,
    columns=("reference", "name", "remittance_email", "contact", "created_at"),
    filters=("name", "created_at"),
    search={"reference": "A", "name": "A", "remittance_email": "B", "note": "D"},
    form={_l("Supplier"): ("name", "remittance_email", "contact"), _l("Note"): ("note",)},
    import_key="name",
    sort="name",
    title="name",
    subtitle=("remittance_email",),
    icon="building-2",
    before_save=services.complete_supplier,
    related=(Related("procurement.payment", "supplier", _l("Payments")),
             Related("procurement.requisition", "supplier", _l("Requisitions"))),
)

requisitions = Resource(
    Requisition,
    columns=("reference", "title", "department", "supplier", "total", "status", "needed_by"),
    filters=("status", "department", "supplier", "site", "total", "needed_by", "created_at"),
    search={"reference": "A", "title": "A", "order_number": "B", "supplier": "B", "justification": "C", "department": "C"},
    form={_l("What is needed"): ("title", "department", "site", "needed_by"), _l("From whom"): ("supplier", "currency"),
          _l("Why"): ("justification",)},
    lines=Lines(RequisitionLine, parent="requisition", label=_l("Lines"), minimum=1, total="amount",
                fields=("description", "quantity", "unit", "unit_price", "currency", "cost_centre")),
    import_key="reference",
    subtitle=("supplier", "department"),
    icon="shopping-cart",
    before_save=services.complete_requisition,
    lock=policy.requisition_changeable,
    snapshot=("title", "department", "site", "needed_by", "supplier", "currency", "total", "justification"),
    actions=(Action("submit", services.submit, label=_l("Submit"), done="submitted",
                    said=_l("%(name)s submitted %(record)s"), when=services.is_draft, locks=True,
                    approval="procurement.requisition", tone="primary", bulk=True, icon="send"),
             Action("order", services.order, label=_l("Order"), done="ordered",
                    said=_l("%(name)s ordered what %(record)s asks for"), form=forms.Ordering, when=services.can_order,
                    icon="truck"),
             Action("cancel", services.cancel, label=_l("Cancel"), done="cancelled",
                    said=_l("%(name)s cancelled %(record)s"), form=forms.Cancelling, when=services.can_cancel,
                    tone="danger", icon="ban")),
)

payments = Resource(
    Payment,
    columns=("reference", "paid_on", "supplier", "purpose", "department", "amount", "status"),
    filters=("status", "supplier", "department", "paid_on", "amount", "category", "purpose", "capital_or_revenue", "transaction_number"),
    search={"reference": "A", "transaction_number": "A", "supplier": "A", "purpose": "B", "category": "C", "department": "C"},
    form={_l("Payment"): ("supplier", "amount", "currency", "paid_on", "transaction_number"),
          _l("What it is for"): ("category", "purpose", "department", "capital_or_revenue")},
    import_key="transaction_number",
    create_missing=("supplier", "department"),
    sort="-paid_on",
    title="supplier",
    subtitle=("purpose", "department"),
    icon="banknote",
    lock=policy.payment_changeable,
    related=(Related("procurement.journal_line", "payment", _l("Journal line")),),
    actions=(Action("release", services.release, label=_l("Release"), done="released", said=_l("%(name)s released %(record)s"),
                    when=services.can_release, many=True, bulk=True, approval="procurement.payment", on_create=True,
                    locks=True, icon="circle-check-big", preview=posting.preview),),
)

journal_lines = Resource(
    JournalLine,
    columns=("reference", "posted_on", "payment", "supplier", "account", "department", "amount"),
    filters=("posted_on", "payment", "supplier", "department", "account", "amount"),
    search={"reference": "A", "supplier": "A", "account": "B"},
    title="account",
    subtitle=("supplier", "payment"),
    icon="book-open",
    creatable=False, editable=False, importable=False,
)

module = Module(
    "procurement", label=_l("Procurement"), icon="shopping-cart", keys="g q",
    resources=(payments, requisitions, suppliers, journal_lines), reports=REPORTS,
    approvals=(
        Approval("procurement.payment", _l("Release of a payment"), LEVELS, amount="amount", credits_pass=True,
                 outliers=outliers.outliers, consequences=posting.preview),
        Approval("procurement.requisition", _l("Approval of a requisition"), LEVELS, amount="total"),
    ),
    settings=(
        Setting("procurement.first_limit", _l("First limit"), "money", 5000, minimum=0,
                help=_l("Above it, the manager of the department decides.")),
        Setting("procurement.second_limit", _l("Second limit"), "money", 50_000, minimum=0,
                help=_l("Above it, two of the finance approvers decide as well.")),
        Setting("procurement.remittance_domain", _l("Domain of remittance addresses"), "text", "",
                help=_l("Suppliers made without an address get one below it; empty for none.")),
    ),
    tiles=(
        Tile("procurement.paid", _l("Payments"), resource="procurement.payment", measure="sum:amount", dated="paid_on",
             homes=("executive",)),
        Tile("procurement.to_release", _l("Payments to release"), resource="procurement.payment", query="status=recorded",
             homes=("executive", "operations")),
        Tile("procurement.months", _l("Payments by month"), "line", "procurement.payment", by="paid_on", measure="sum:amount",
             dated="paid_on", width=2, homes=("executive",)),
        Tile("procurement.departments", _l("Payments by department"), "pie", "procurement.payment", by="department",
             measure="sum:amount", dated="paid_on", width=2, homes=("executive", "operations")),
    ),
    roles=(
        Role("member", _l("Member"), {"procurement.requisition.submit": "own", "procurement.requisition.cancel": "own"}),
        Role("approver", _l("Approver"), {"procurement.requisition.submit": "own", "procurement.requisition.cancel": "own"}),
        Role("finance_approver", _l("Finance approver"), {
            "procurement.*.view": "company", "procurement.*.export": "company", "procurement.*.approve": "company"},
            help=_l("Decides what lies above the second limit.")),
        Role("buyer", _l("Buyer"), {
            "procurement.*.view": "company", "procurement.supplier.*": "company", "procurement.requisition.*": "company"},
            help=_l("Keeps the suppliers and places the orders."), start="procurement.requisition"),
        Role("payments_clerk", _l("Payments clerk"), {
            "procurement.*.view": "company", "procurement.payment.*": "company", "procurement.supplier.*": "company",
            "procurement.*.export": "company", "organisation.department.create": "company"},
             help=_l("Enters, imports and releases payments; an import may name departments that are new."), start="procurement.payment"),
    ),
)
