"""The edge runs with its own dependencies alone."""

from __future__ import annotations

import subprocess
import sys

BLOCKED = """
import sys, importlib, pkgutil
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"fluxio_api", "fluxio_local", "flask", "supabase", "psycopg", "gunicorn", "serial"}:
            raise ModuleNotFoundError(f"{name} is not on a gateway")
sys.meta_path.insert(0, Blocker())
import fluxio_edge
for module in pkgutil.walk_packages(fluxio_edge.__path__, "fluxio_edge."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from fluxio_edge.cli import main
main(["--help"])
"""


def test_no_module_of_the_edge_needs_the_api_or_the_stack() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", BLOCKED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "simulate" in done.stdout


def test_the_agent_does_without_the_simulator() -> None:
    script = "import sys, fluxio_edge.cli, fluxio_edge.agent; print('fluxio_edge.simulator' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
