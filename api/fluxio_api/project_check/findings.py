"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: fail: the project must not go into production so. unseen: the check could not look.
State = Literal["ok", "warn", "fail", "unseen"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; no part of it may hold a key, a token or a password."""

    check: str
    state: State
    said: str
    #: How to mend it; "" where there is nothing to mend.
    mend: str = ""
