"""Who may do what: the whole policy on one page.

A role belongs to a kind of organisation. A permission names the roles that have it. *Who* is decided here;
*whether now* is a rule's matter. Duties of one purchase (opener, evaluator, chair, award approver) are named per
need in `panel_members`; the roles here only say who can be named.
"""

from __future__ import annotations

ROLES: dict[str, dict[str, str]] = {
    "authority": {
        "officer": "Officer: writes needs, answers questions, proposes awards",
        "approver": "Approver: publishes needs and approves awards written by someone else",
        "evaluator": "Evaluator: scores bids",
        "chair": "Chair: records the agreed scores",
        "contract_manager": "Contract manager: accepts milestones and records changes",
        "finance": "Finance: sees contract values and payments",
        "viewer": "Viewer: reads, changes nothing",
    },
    "supplier": {
        "admin": "Administrator: profile, colleagues, bids",
        "bidder": "Bidder: writes and sends bids",
    },
    "audit_body": {"auditor": "Auditor: sees what may be seen, changes nothing, exports"},
    "platform": {"administrator": "Administrator of the service: never sees a sealed bid"},
}

COUNCIL = tuple(f"authority.{role}" for role in ROLES["authority"])
SUPPLIER = ("supplier.admin", "supplier.bidder")

PERMISSIONS: dict[str, frozenset[str]] = {
    # a council
    "see_council": frozenset(COUNCIL),
    "draft_need": frozenset({"authority.officer"}),
    "amend_need": frozenset({"authority.officer"}),
    "approve_need": frozenset({"authority.approver"}),
    "replace_duty_holder": frozenset({"authority.officer", "authority.approver"}),
    "withdraw_need": frozenset({"authority.officer", "authority.approver"}),
    "answer_questions": frozenset({"authority.officer"}),
    "invite_suppliers": frozenset({"authority.officer"}),
    # Whoever of these is named as an opener of the need; a rule keeps openers and evaluators apart.
    "open_bids": frozenset(
        {"authority.officer", "authority.approver", "authority.contract_manager", "authority.finance"}
    ),
    "keep_recovery_key": frozenset({"authority.officer", "authority.approver"}),
    "declare_conflicts": frozenset({"authority.evaluator", "authority.chair"}),
    "score_bids": frozenset({"authority.evaluator"}),
    "moderate_scores": frozenset({"authority.chair"}),
    "see_assessment": frozenset(
        {"authority.officer", "authority.approver", "authority.evaluator", "authority.chair", "authority.viewer"}
    ),
    "propose_award": frozenset({"authority.officer", "authority.chair"}),
    "approve_award": frozenset({"authority.approver"}),
    "send_summaries": frozenset({"authority.officer"}),
    "draft_contract": frozenset({"authority.officer", "authority.contract_manager"}),
    "manage_contract": frozenset({"authority.contract_manager"}),
    "sign_contract": frozenset({"authority.approver"}),
    "see_contracts": frozenset(COUNCIL),
    "see_payments": frozenset(COUNCIL),
    "publish_payment_reports": frozenset({"authority.finance"}),
    "manage_subscription": frozenset({"authority.finance"}),
    "approve_invoice": frozenset({"authority.contract_manager"}),
    "dispute_invoice": frozenset({"authority.contract_manager", "authority.finance"}),
    "pay_invoice": frozenset({"authority.finance"}),
    "manage_council_people": frozenset({"authority.officer", "authority.approver"}),
    # a supplier
    "see_supplier_area": frozenset(SUPPLIER),
    "edit_profile": frozenset({"supplier.admin"}),
    "manage_supplier_people": frozenset({"supplier.admin"}),
    "ask_question": frozenset(SUPPLIER),
    "write_bid": frozenset(SUPPLIER),
    "submit_bid": frozenset(SUPPLIER),
    "sign_supplier_contract": frozenset({"supplier.admin"}),
    "report_milestone": frozenset(SUPPLIER),
    "raise_invoice": frozenset(SUPPLIER),
    "manage_supplier_account": frozenset({"supplier.admin"}),
    "save_search": frozenset({*SUPPLIER, *COUNCIL}),
    # an auditor
    "see_audit": frozenset({"audit_body.auditor"}),
    "make_export": frozenset({"audit_body.auditor"}),
    # ourselves
    "administer": frozenset({"platform.administrator"}),
}

PERMISSION_OF_PEOPLE = {"authority": "manage_council_people", "supplier": "manage_supplier_people"}


def is_granted(permission: str, kind: str, roles: set[str]) -> bool:
    """Whether a member of an organisation of this kind, with these roles, has the permission. KeyError if unknown."""
    granted = PERMISSIONS[permission]
    return any(f"{kind}.{role}" in granted for role in roles)
