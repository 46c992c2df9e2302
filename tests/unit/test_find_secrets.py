"""The scan for secrets finds each kind, and nothing in what git knows."""

from __future__ import annotations

import secrets
import string
import subprocess
import sys
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

SCAN = Path(__file__).parents[2] / ".ci" / "find_secrets.py"


def letters(count: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(count))


def private_key() -> str:
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def scanned(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCAN, str(file)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "make",
    [
        lambda: f"x-api-key: flx_{letters(8)}_{letters(64)}",
        lambda: f"SUPABASE_SERVICE_ROLE_KEY=sb_secret_{letters(31)}",
        lambda: f"SUPABASE_ACCESS_TOKEN=sbp_{secrets.token_hex(20)}",
        lambda: jwt.encode({"role": "service_role"}, secrets.token_hex(32), algorithm="HS256"),
        lambda: f"DATABASE_URL=postgresql://postgres:{letters(20)}@db.example.com/postgres",
        private_key,
    ],
    ids=["gateway-key", "secret-key", "access-token", "jwt", "database-url", "private-key"],
)
def test_a_planted_secret_is_found_and_not_told(make: object, tmp_path: Path) -> None:
    assert callable(make)
    secret = make()
    file = tmp_path / "notes.txt"
    file.write_text(f"one line\n{secret}\n")
    done = scanned(file)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{file}:2: ")
    assert secret.strip() not in done.stdout


def test_examples_are_no_secrets(tmp_path: Path) -> None:
    file = tmp_path / "guide.md"
    file.write_text("mailtos://USER:PASSWORD@mail.example and flx_xxxxxxxx_xxxx, sb_secret_...\n")
    done = scanned(file)
    assert done.returncode == 0, done.stdout
