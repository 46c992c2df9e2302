"""What the commands do: organizations, people, gateways and keys, as service_role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supabase import AuthError

from .upstream import Refused, Upstream

#: Of the migration that makes organizations.
DEFAULT_ORGANIZATION_ID = "00000000-0000-0000-0000-000000000001"

_ACCOUNTS_PER_PAGE = 200


class AdministrationError(Exception):
    """Supabase refused; the message says what."""


class Administration:
    """Acts past row security: only for commands that somebody runs by hand."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._client = upstream.service

    def organization_id(self, name: str | None) -> str:
        """The id of the organization with this name, which is made if there is none; None: the default one."""
        if name is None:
            return DEFAULT_ORGANIZATION_ID
        return self._found_or_made("organizations", {"name": name}, {})

    def gateway_id(self, serial: str, organization_id: str) -> str:
        """The id of the organization's gateway with this serial, which is made if there is none."""
        return self._found_or_made("gateways", {"organization_id": organization_id, "serial": serial}, {"name": serial})

    def key(
        self, name: str, organization_id: str, gateway_id: str | None, device_ids: list[str] | None,
        networks: list[str] | None,
    ) -> str:  # fmt: skip
        """A new API key; it cannot be had again."""
        rows = self._rows(
            self._client.rpc(
                "create_api_key",
                {
                    "name": name,
                    "organization_id": organization_id,
                    "gateway_id": gateway_id,
                    "device_ids": device_ids,
                    "allowed_networks": networks,
                },
            ).execute
        )
        return str(rows[0]["api_key"])

    def unregistered(self, device_ids: list[str], organization_id: str) -> list[str]:
        """Which of these the organization has no device for."""
        if not device_ids:
            return []
        query = self._client.table("devices").select("device_id").eq("organization_id", organization_id)
        known = {row["device_id"] for row in self._rows(query.in_("device_id", device_ids).execute)}
        return [one for one in device_ids if one not in known]

    def person(self, email: str, password: str, organization_id: str, role: str, *, reset_password: bool) -> bool:
        """Let this address sign in, in one organization and role; whether the account is new."""
        email = email.strip().lower()
        admin = self._client.auth.admin
        try:
            known = self._account_id(email)
            if known is None:
                made = admin.create_user({"email": email, "password": password, "email_confirm": True})
                account_id = made.user.id
            else:
                account_id = known
                if reset_password:
                    admin.update_user_by_id(account_id, {"password": password})
        except AuthError as error:
            raise AdministrationError(f"Auth refused: {error.message}") from error
        values = {"id": account_id, "organization_id": organization_id, "role": role, "is_active": True}
        self._rows(self._client.table("users").upsert(values).execute)
        return known is None

    def _account_id(self, email: str) -> str | None:
        page = 1
        while accounts := self._client.auth.admin.list_users(page=page, per_page=_ACCOUNTS_PER_PAGE):
            for account in accounts:
                if (account.email or "").lower() == email:
                    return account.id
            if len(accounts) < _ACCOUNTS_PER_PAGE:
                break
            page += 1
        return None

    def _found_or_made(self, table: str, key: dict[str, str], values: dict[str, str]) -> str:
        rows = self._rows(self._client.table(table).select("id").match(key).limit(1).execute)
        if not rows:
            rows = self._rows(self._client.table(table).insert({**key, **values}).execute)
        return str(rows[0]["id"])

    def _rows(self, send: Callable[[], Any]) -> list[dict[str, object]]:
        try:
            data = self._upstream.call(send, repeatable=False).data
        except Refused as error:
            raise AdministrationError(f"Supabase refused with {error.code}: {error.__cause__}") from error
        return data if isinstance(data, list) else [data]
