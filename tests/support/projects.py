"""The Supabase project that the conformance tests talk to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

import pytest

from fluxio_local.stack import Stack

Kind = Literal["new", "old"]


@dataclass(frozen=True)
class Project:
    """A Supabase project with FluxIO's migrations, and one kind of its keys."""

    url: str
    anon_key: str
    service_role_key: str

    def environment(self) -> dict[str, str]:
        """For a test in another language."""
        return {
            "SUPABASE_URL": self.url,
            "SUPABASE_ANON_KEY": self.anon_key,
            "SUPABASE_SERVICE_ROLE_KEY": self.service_role_key,
        }


def project_under_test(request: pytest.FixtureRequest, kind: Kind) -> Project:
    """The project of SUPABASE_URL, or else the local stack.

    Of a project elsewhere the keys are in SUPABASE_ANON_KEY and SUPABASE_SERVICE_ROLE_KEY; the tests with
    keys of the other kind are skipped.
    """
    if url := os.environ.get("SUPABASE_URL"):
        project = Project(url, os.environ["SUPABASE_ANON_KEY"], os.environ["SUPABASE_SERVICE_ROLE_KEY"])
        if project.service_role_key.startswith("sb_") != (kind == "new"):
            pytest.skip(f"the keys given for {url} are not of the {kind} kind")
        return project
    stack: Stack = request.getfixturevalue("stack")
    if kind == "new":
        return Project(stack.url, stack.anon_key, stack.service_role_key)
    return Project(stack.url, stack.anon_jwt, stack.service_role_jwt)
