"""Looks for secrets in the files that git knows; the end is 1 if there is one.

Values that are no secrets although they look like one are in ALLOWED, each with
its reason. Files may be named instead: find_secrets.py FILE...
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

_DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "GitHubTokenDetector",
    "GitLabTokenDetector", "JwtTokenDetector", "NpmDetector", "PrivateKeyDetector", "PypiTokenDetector",
    "SendGridDetector", "SlackDetector", "StripeDetector", "TwilioKeyDetector",
)  # fmt: skip

#: Our gateways' keys, and Supabase's secret keys and access tokens.
_OURS = re.compile(r"flx_[0-9A-Za-z]{8}_[0-9A-Za-z]{64}|sb_secret_[\w-]{22,}|sbp_[0-9a-f]{40}")

ALLOWED = {
    "PASSWORD": "stands for one",
    "password": "stands for one",
    "secret": "stands for one",
    "eyJhbGciOiJIUzI1NiJ9.e30.": "an empty token, not signed",
    "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz": "Supabase's own, the same in every `supabase start`",
}

#: Hashes by the thousand, no text of ours.
_LOCK_FILES = frozenset({"requirements.lock", "package-lock.json"})


class Found(NamedTuple):
    """Where something that looks like a secret stands; its value is not told."""

    file: str
    line: int
    kind: str


def found_in(files: Iterable[str]) -> Iterator[Found]:
    """What looks like a secret in these files and is not allowed."""
    with transient_settings({"plugins_used": [{"name": name} for name in _DETECTORS]}):
        secrets = SecretsCollection()
        for file in files:
            secrets.scan_file(file)
            text = Path(file).read_text(errors="replace")
            for hit in _OURS.finditer(text):
                if hit[0] not in ALLOWED:
                    yield Found(file, text.count("\n", 0, hit.start()) + 1, "key of ours or of Supabase")
        for file, secret in secrets:
            if secret.secret_value not in ALLOWED:
                yield Found(file, secret.line_number, secret.type)


def main(files: list[str]) -> int:
    """Print what is found."""
    if not files:
        listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout  # noqa: S607
        files = [file for file in listed.split("\0") if file and Path(file).name not in _LOCK_FILES]
    found = sorted(found_in(files))
    for file, line, kind in found:
        print(f"{file}:{line}: {kind}")
    if not found:
        print(f"No secrets in {len(files)} files.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
