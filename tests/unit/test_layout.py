"""Rules about the tree itself."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import supabase

ROOT = Path(__file__).parents[2]
TOP_LEVEL = {
    ".ci", ".dockerignore", ".env.example", ".github", ".gitignore", "api", "biome.json", "CHANGELOG.md",
    "compose.supabase-start.yaml", "compose.yaml", "CONTRIBUTING.md", "dashboard_static", "Dockerfile", "docs",
    "edge", "LICENSE", "Makefile", "package-lock.json", "package.json", "pyproject.toml", "README.md",
    "requirements.lock", "SECURITY.md",
    "sql", "supabase", "tests", "tsconfig.json",
}  # fmt: skip


def tracked() -> list[str]:
    """The files git knows or would add."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_the_supabase_folder_does_not_shadow_the_package() -> None:
    assert not (ROOT / "supabase" / "__init__.py").exists()
    assert "site-packages" in (supabase.__file__ or "")


def test_nothing_new_lies_at_the_top() -> None:
    assert {file.split("/")[0] for file in tracked()} <= TOP_LEVEL


@pytest.mark.parametrize("lock", ["requirements.lock", "api/requirements.lock", "package-lock.json"])
def test_lock_files_carry_hashes_and_no_registry(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "sha256:" in text or '"integrity"' in text
    assert not re.search(r"https?://registry|--index-url|\"resolved\"|files\.pythonhosted", text)


def test_a_server_gets_the_versions_that_were_tested() -> None:
    def pinned(lock: str) -> dict[str, set[str]]:
        parts = re.split(r"^(?=\S+==)", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
        return {part.split(" ", 1)[0]: set(re.findall(r"sha256:\w+", part)) for part in parts}

    server, tested = pinned("api/requirements.lock"), pinned("requirements.lock")
    assert {name.split("==")[0] for name in server} >= {
        "flask",
        "gunicorn",
        "pyarrow",
        "redis",
        "setuptools",
        "supabase",
    }
    assert {name: tested.get(name) for name in server} == server


def test_the_npm_lock_file_is_of_this_package_json() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for kind in ("dependencies", "devDependencies"):
        assert locked[""][kind] == package[kind]
        for name, version in package[kind].items():
            assert locked[f"node_modules/{name}"]["version"] == version


def test_there_is_one_version() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    assert f'version = "{package["version"]}"' in (ROOT / "pyproject.toml").read_text()


def test_every_make_target_is_explained() -> None:
    lines = (ROOT / "Makefile").read_text().splitlines()
    phony = next(line for line in lines if line.startswith(".PHONY:")).split()[1:]
    explained = {line.split(":")[0] for line in lines if " ## " in line}
    assert set(phony) == explained


def test_no_fluxio_package_imports_another() -> None:
    for package, folder in {"fluxio_edge": "edge", "fluxio_api": "api"}.items():
        for file in (ROOT / folder).rglob("*.py"):
            for other in {"fluxio_edge", "fluxio_api", "fluxio_local"} - {package}:
                assert not re.search(rf"^\s*(from|import) {other}\b", file.read_text(), re.MULTILINE), file
