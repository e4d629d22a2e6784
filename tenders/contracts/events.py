"""What happens to a contract. No reasons and no notes: they stand in the rows, for those who may read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class ContractDrafted(Event):
    """The contract of an award was drafted; value in pence including VAT."""

    award: str
    supplier: str
    value_pence: int


@dataclass(frozen=True, kw_only=True)
class ContractSaved(Event):
    """Terms or milestones of a contract that is not signed yet were saved."""

    value_pence: int
    starts_on: date
    ends_on: date
    milestones: int


@dataclass(frozen=True, kw_only=True)
class SignatureAsked(Event):
    """The terms are ready and the council's approvers are asked to sign."""


@dataclass(frozen=True, kw_only=True)
class ContractSignedByCouncil(Event):
    """A council approver who did not write the terms signed; the supplier signs next."""

    supplier: str


@dataclass(frozen=True, kw_only=True)
class ContractReturned(Event):
    """The supplier sent the contract back unsigned; the council's signature is void and the terms open again."""

    supplier: str


@dataclass(frozen=True, kw_only=True)
class ContractSigned(Event):
    """The second side signed: the contract is entered into. Value in pence including VAT."""

    supplier: str
    signed_on: date
    value_pence: int
    starts_on: date
    ends_on: date


@dataclass(frozen=True, kw_only=True)
class OrderNumberNamed(Event):
    """The council named the order number that invoices under the contract carry, or took it away."""

    has_number: bool


@dataclass(frozen=True, kw_only=True)
class MilestoneDelivered(Event):
    """The supplier reported a milestone as delivered."""

    milestone: int
    supplier: str


@dataclass(frozen=True, kw_only=True)
class MilestoneAccepted(Event):
    """The contract manager accepted a milestone; amount in pence including VAT."""

    milestone: int
    supplier: str
    amount_pence: int


@dataclass(frozen=True, kw_only=True)
class MilestoneRejected(Event):
    """The contract manager rejected a milestone with a reason; the supplier can deliver it again."""

    milestone: int
    supplier: str


@dataclass(frozen=True, kw_only=True)
class ChangeProposed(Event):
    """The contract manager proposed a change; the test's result is stored with it."""

    number: int
    ground: str
    value_change_pence: int
    new_ends_on: date | None
    needs_notice: bool
    warnings: int


@dataclass(frozen=True, kw_only=True)
class ChangeApproved(Event):
    """An approver other than the proposer approved a change, and it took effect."""

    number: int
    value_pence: int
    ends_on: date
    notice_number: str


@dataclass(frozen=True, kw_only=True)
class ChangeRefused(Event):
    """An approver refused a change."""

    number: int


@dataclass(frozen=True, kw_only=True)
class ContractEnding(Event):
    """The contract ends within sixty days; both sides are told once."""

    ends_on: date


@dataclass(frozen=True, kw_only=True)
class ContractEnded(Event):
    """The contract was completed, expired or was terminated; `is_public`: a public contract in the sense of the Act."""

    kind: str
    ended_on: date
    is_public: bool
