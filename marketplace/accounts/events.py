"""What happens to people and organisations. People appear by pseudonym; a link appears by its row's number."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.journal import Event


@dataclass(frozen=True, kw_only=True)
class PersonRegistered(Event):
    """Somebody made an account; its address is not confirmed yet."""

    token: int


@dataclass(frozen=True, kw_only=True)
class KnownAddressRegistered(Event):
    """Somebody tried to make an account for an address that has one; only the address's owner is told."""

    token: int = 0


@dataclass(frozen=True, kw_only=True)
class ConfirmationAsked(Event):
    """A new link to confirm an address was asked for."""

    token: int


@dataclass(frozen=True, kw_only=True)
class EmailConfirmed(Event):
    """A person showed that the address is theirs."""


@dataclass(frozen=True, kw_only=True)
class PasswordResetAsked(Event):
    """A link to choose a new password was asked for; `token` 0 means that the address has no account."""

    token: int = 0


@dataclass(frozen=True, kw_only=True)
class PasswordReset(Event):
    """A new password was chosen through a link; every session ended."""


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Event):
    """A signed-in person chose a new password; every other session ended."""


@dataclass(frozen=True, kw_only=True)
class NameChanged(Event):
    """A person changed the name that others see."""


@dataclass(frozen=True, kw_only=True)
class EmailChangeAsked(Event):
    """A person asked to have another address; a link goes to that one, a notice to the present one."""

    change: int


@dataclass(frozen=True, kw_only=True)
class EmailChanged(Event):
    """The new address is proved and is the account's now; `waiting` are councils that must approve the person again."""

    change: int
    waiting: list[str]


@dataclass(frozen=True, kw_only=True)
class SessionsEnded(Event):
    """A person signed out everywhere."""


@dataclass(frozen=True, kw_only=True)
class AccountClosed(Event):
    """A person closed the account: name and address are erased, the pseudonym stays."""


@dataclass(frozen=True, kw_only=True)
class PersonErased(Event):
    """Name and address were erased on request; the reason names nobody. Without an account, the address alone."""

    reason: str
    had_account: bool


@dataclass(frozen=True, kw_only=True)
class MemberJoined(Event):
    """A person became a member of an organisation."""

    organisation: str
    roles: list[str]


@dataclass(frozen=True, kw_only=True)
class JoinAsked(Event):
    """A person asked to join an organisation."""

    organisation: str


@dataclass(frozen=True, kw_only=True)
class JoinWaits(Event):
    """A confirmed person's request waits for the colleagues there, or for the service's administrator."""

    organisation: str
    waits_for: str


@dataclass(frozen=True, kw_only=True)
class JoinApproved(Event):
    """A request to join was approved."""

    organisation: str
    roles: list[str]


@dataclass(frozen=True, kw_only=True)
class JoinRefused(Event):
    """A request to join was refused."""

    organisation: str


@dataclass(frozen=True, kw_only=True)
class ColleagueInvited(Event):
    """Somebody was invited into an organisation."""

    invitation: int
    roles: list[str]


@dataclass(frozen=True, kw_only=True)
class InvitationWithdrawn(Event):
    """An invitation was withdrawn before it was accepted."""

    invitation: int


@dataclass(frozen=True, kw_only=True)
class InvitationAccepted(Event):
    """A person accepted an invitation."""

    invitation: int
    organisation: str


@dataclass(frozen=True, kw_only=True)
class RolesChanged(Event):
    """A member's roles changed."""

    organisation: str
    before: list[str]
    after: list[str]


@dataclass(frozen=True, kw_only=True)
class MembershipEnded(Event):
    """A person is no longer a member of an organisation."""

    organisation: str


@dataclass(frozen=True, kw_only=True)
class OrganisationFounded(Event):
    """An audit body or the service's own organisation was set up."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class OrganisationApproved(Event):
    """An organisation may act here."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class OrganisationSuspended(Event):
    """An organisation may read and change nothing until this is lifted."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class SuspensionLifted(Event):
    """A suspended organisation may act again."""


@dataclass(frozen=True, kw_only=True)
class CouncilsLoaded(Event):
    """The register of councils was read into the organisations."""

    added: int
    changed: int
