"""Takes keys and tokens out of texts that leave the process, such as logs and error reports."""

from __future__ import annotations

import re

#: A key or token that somebody put where it does not belong: ours, Supabase's, a webhook's, a JWT.
_SECRET = re.compile(r"(?:flx|sb_secret|whsec)_[\w+/=-]*|eyJ[\w-]*(?:\.[\w-]*)*")


def without_secrets(text: str) -> str:
    """`text` with every key cut to its first four characters."""
    return _SECRET.sub(lambda found: f"{found[0][:4]}...", text)
