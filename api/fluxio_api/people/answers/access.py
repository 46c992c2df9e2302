"""Who may do what: keys, people, invitations, and what they did."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Answer, Id, Next, Object, Role, Time

Prefix = Annotated[str, Field(description="By which people tell keys apart.", examples=["a1b2c3d4"])]
ApiKeyText = Annotated[str, Field(description="The key itself, this once.", examples=["flx_a1b2c3d4_..."])]


class Key(Answer):
    """A gateway's right to ingest."""

    id: Id
    name: Annotated[str, Field(examples=["Gateway north"])]
    key_prefix: Prefix
    gateway_id: Id | None
    device_ids: Annotated[list[str] | None, Field(description="null: all of the organization.")]
    allowed_networks: Annotated[list[str] | None, Field(description="null: anywhere.")]
    flat_units: Annotated[dict[str, str], Field(description="Units of flat readings that are not ours.")]
    created_at: Time
    expires_at: Time | None
    revoked_at: Time | None
    last_used_at: Time | None
    rotated_from: Id | None


class Keys(Answer):
    """The organization's keys, revoked ones too."""

    keys: list[Key]


class MadeKey(Answer):
    """A new key."""

    api_key_id: Id
    api_key: ApiKeyText
    key_prefix: Prefix


class RotatedKey(Answer):
    """The successor of a key."""

    new_api_key_id: Id
    api_key: ApiKeyText
    key_prefix: Prefix
    expires_at: Annotated[Time | None, Field(description="The new key's.")]
    old_expires_at: Annotated[Time, Field(description="Until when the old key is good.")]


class Member(Answer):
    """A person with an account."""

    id: Id
    organization_id: Id | None
    email: Annotated[str | None, Field(examples=["operator@example.com"])]
    full_name: str | None
    role: Role
    is_active: bool
    created_at: Time
    updated_at: Time


class People(Answer):
    """Who is in the organization."""

    people: list[Member]


class Invitation(Answer):
    """Who may join, by address."""

    id: Id
    organization_id: Id
    email: Annotated[str, Field(examples=["operator@example.com"])]
    role: Role
    invited_by: Id | None
    created_at: Time
    expires_at: Time
    accepted_at: Time | None
    revoked_at: Time | None


class Invitations(Answer):
    """The organization's invitations."""

    invitations: list[Invitation]


class Invited(Answer):
    """What became of an invitation."""

    invitation_id: Id
    expires_at: Time
    accepted_at: Annotated[Time | None, Field(description="When the person joined, which may be at once.")]


class AuditEntry(Answer):
    """What somebody did."""

    id: int
    organization_id: Id
    user_id: Annotated[Id | None, Field(description="null for a program or a DBA.")]
    action: Annotated[str, Field(examples=["update"])]
    resource_type: Annotated[str, Field(description="The table.", examples=["devices"])]
    resource_id: Annotated[str, Field(examples=["NIVUS_01"])]
    details: Annotated[Object, Field(examples=[{"changed": {"location": {"old": None, "new": "Plant A"}}}])]
    ip_address: Annotated[str | None, Field(examples=["192.0.2.7"])]
    created_at: Time


class AuditEntries(Answer):
    """A page of the audit log, newest first."""

    entries: list[AuditEntry]
    next: Next
