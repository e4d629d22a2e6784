"""People, organisations (council, supplier, audit body, ourselves), memberships with roles, invitations, tokens."""

from __future__ import annotations

from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import Boolean, CheckConstraint, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import Base, UTCDateTime
from marketplace.core.journal import Actor


class Organisation(Base):
    """A council, a supplier, an audit body or the platform's own. `reference` stands for it in the journal."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint("kind in ('authority', 'supplier', 'audit_body', 'platform')", name="organisation_kind_known"),
        CheckConstraint("suspended_at is null or suspension_reason <> ''", name="reason_if_suspended"),
        UniqueConstraint("kind", "slug", name="one_organisation_per_address"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), index=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    slug: Mapped[str] = mapped_column(String(80), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    suspended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    suspension_reason: Mapped[str] = mapped_column(Text, default="")

    authority: Mapped[Authority | None] = relationship(back_populates="organisation", lazy="joined")
    memberships: Mapped[list[Membership]] = relationship(back_populates="organisation")

    @property
    def is_active(self) -> bool:
        return self.approved_at is not None and self.suspended_at is None


class Authority(Base):
    """What is particular to a council. Loaded from the reference data; a council has an account once approved."""

    __tablename__ = "authorities"
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    gss_code: Mapped[str] = mapped_column(String(12), default="")
    nation: Mapped[str] = mapped_column(String(30), default="")
    region: Mapped[str] = mapped_column(String(60), default="")
    kind: Mapped[str] = mapped_column(String(80), default="")
    population: Mapped[int | None] = mapped_column(Integer)
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    homepage: Mapped[str] = mapped_column(String(300), default="")
    email_domains: Mapped[str] = mapped_column(String(300), default="")
    # Since when the council can begin no new need, because it does not pay. What it has begun it can finish.
    new_needs_stopped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    organisation: Mapped[Organisation] = relationship(back_populates="authority")

    @property
    def domains(self) -> list[str]:
        return self.email_domains.split()


class Person(UserMixin, Base):
    """Somebody with an account. The journal knows only the pseudonym; name and address can be erased from here."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    pseudonym: Mapped[str] = mapped_column(String(40), unique=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    # Names before this one, a line each: mails to others hold them, and erasing must know what to look for.
    earlier_names: Mapped[str] = mapped_column(Text, default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    email_confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Part of every session and token: raising it ends them all.
    session_version: Mapped[int] = mapped_column(Integer, default=1)
    erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    memberships: Mapped[list[Membership]] = relationship(back_populates="person", order_by="Membership.id")

    def get_id(self) -> str:
        return f"{self.id}.{self.session_version}"


class Membership(Base):
    """A person in an organisation. Not approved yet = a request to join."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("person_id", "organisation_id", name="one_membership_per_person"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    requested_at: Mapped[datetime] = mapped_column(UTCDateTime)
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    note: Mapped[str] = mapped_column(Text, default="")

    person: Mapped[Person] = relationship(back_populates="memberships")
    organisation: Mapped[Organisation] = relationship(back_populates="memberships", lazy="joined")
    role_rows: Mapped[list[MembershipRole]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="MembershipRole.role"
    )

    @property
    def roles(self) -> set[str]:
        return {each.role for each in self.role_rows}

    @property
    def is_live(self) -> bool:
        return self.approved_at is not None and self.ended_at is None

    def actor(self, role: str = "") -> Actor:
        """Who the journal says acts: the person's pseudonym, the organisation, and the role acted in."""
        return Actor(self.person.pseudonym, self.organisation.reference, role or "+".join(sorted(self.roles)))


class MembershipRole(Base):
    """One role of a member: see permissions.ROLES."""

    __tablename__ = "membership_roles"
    membership_id: Mapped[int] = mapped_column(ForeignKey("memberships.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(40), primary_key=True)


class Invitation(Base):
    """A colleague asked to join. The link is made from the row by core/tokens.py and never stored."""

    __tablename__ = "invitations"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    roles: Mapped[str] = mapped_column(String(200))
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    invited_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    organisation: Mapped[Organisation] = relationship()


class Token(Base):
    """A single-use link for one person and one purpose, dead after use, expiry or a change of password."""

    __tablename__ = "tokens"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(30))
    session_version: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    person: Mapped[Person] = relationship()


class AddressChange(Base):
    """Another address asked for, and once its own link proved it, done. Erased with the account."""

    __tablename__ = "address_changes"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("tokens.id"), unique=True)
    email_before: Mapped[str] = mapped_column(String(254))
    email_after: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    token: Mapped[Token] = relationship()


class SignInTry(Base):
    """A try to sign in, by hashed address and hashed network address; the throttle counts these."""

    __tablename__ = "sign_in_tries"
    __table_args__ = (Index("ix_sign_in_tries_who", "who", "at"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    who: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    was_right: Mapped[bool] = mapped_column(Boolean, default=False)
