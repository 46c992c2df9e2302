"""The commands that need neither meters nor an API."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fluxio_edge.cli import main
from fluxio_edge.config import Environment
from fluxio_edge.reading import Reading
from fluxio_edge.simulator.demand import LEAST, MOST
from fluxio_edge.simulator.plant_file import PlantFile
from fluxio_edge.spool import Refused, Spool
from fluxio_edge.toml_model import load_toml

EXAMPLES = Path(__file__).parents[3] / "edge" / "examples"
NO_SETTINGS: dict[str, str | None] = {
    f"FLUXIO_{name}": None for name in ("API_URL", "API_KEY", "API_KEY_FILE", "EDGE_DATA", "SIM_HOST", "SIM_PORT")
}


def edge(*arguments: str | Path, **settings: str) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], env={**NO_SETTINGS, **settings})


def test_check_says_what_the_example_would_do() -> None:
    done = edge("check", EXAMPLES / "agent.toml", FLUXIO_API_KEY="flx_x", FLUXIO_SIM_PORT="6020")
    assert done.exit_code == 0, done.output
    assert "NIVUS_01: nivus_750, unit 1 at 127.0.0.1:6020, every 2 s, 2 requests\n" in done.stdout
    assert done.stdout.endswith("to http://127.0.0.1:8000, by way of .local/edge/spool.sqlite3\n")
    assert "flx_x" not in done.output


def test_the_examples_are_one_plant() -> None:
    plant = load_toml(EXAMPLES / "plant.toml", PlantFile)
    checked = edge("check", EXAMPLES / "agent.toml", FLUXIO_API_KEY="flx_x").stdout
    for meter in plant.meters:
        assert f"{meter.name}: {meter.profile}, unit {meter.unit} at" in checked
    assert [meter.name for meter in plant.meters] == ["NIVUS_01", "NIVUS_02", "NIVUS_03", "NIVUS_04"]


def test_a_normal_day_of_the_first_meter_raises_no_alert() -> None:
    """The seed's rule for NIVUS_01 is high_flow above 100 m3/h."""
    (first, *_) = load_toml(EXAMPLES / "plant.toml", PlantFile).meters
    assert first.mean_flow * LEAST > 25
    assert first.mean_flow * MOST < 85


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_wrong_configuration_fails_in_words(tmp_path: Path, command: str) -> None:
    config = tmp_path / "agent.toml"
    config.write_text("meters = []\n[bus]\nport = 0\n")
    done = edge(command, config)
    assert done.exit_code == 1
    assert f"Error: {config}: bus.port: Input should be greater than or equal to 1" in done.stderr
    assert f"{config}: meters: List should have at least 1 item" in done.stderr
    assert "Traceback" not in done.output


def test_a_wrong_setting_names_the_setting() -> None:
    done = edge("check", EXAMPLES / "agent.toml", FLUXIO_SIM_PORT="many")
    assert done.exit_code == 1
    assert "FLUXIO_SIM_PORT: Input should be a valid integer" in done.stderr


def test_check_finds_a_key_file_that_is_missing(tmp_path: Path) -> None:
    done = edge("check", EXAMPLES / "agent.toml", FLUXIO_API_KEY_FILE=str(tmp_path / "key"))
    assert done.exit_code == 1
    assert "cannot be read: No such file" in done.stderr


def test_a_second_agent_on_a_spool_is_refused_in_words(tmp_path: Path) -> None:
    with Spool(tmp_path / "s"):
        done = edge("run", EXAMPLES / "agent.toml", "--spool", tmp_path / "s", FLUXIO_API_KEY="flx_x")
    assert done.exit_code == 1
    assert "is in use by another agent" in done.stderr


def test_backlog_counts_while_the_spool_is_in_use(tmp_path: Path) -> None:
    with Spool(tmp_path / "s", max_readings=3) as spool:
        for number in range(5):
            spool.add(Reading("M1", f"2026-01-01T00:00:0{number}.000Z", "{}"))
        spool.settle([], [Refused(spool.oldest(1)[0].seq, "conflict")])
        done = edge("backlog", FLUXIO_EDGE_DATA=str(tmp_path / "s"))
    assert done.stdout.splitlines() == [
        "waiting      2",
        "  measured   2026-01-01T00:00:03.000Z to 2026-01-01T00:00:04.000Z",
        "set aside    1",
        "dropped      2",
    ]


def test_backlog_without_a_spool_says_so(tmp_path: Path) -> None:
    assert "there is no spool at" in edge("backlog", "--spool", tmp_path / "none").stderr
    assert "give the agent's CONFIG" in edge("backlog").stderr


def test_a_wrong_plant_fails_in_words(tmp_path: Path) -> None:
    plant = tmp_path / "plant.toml"
    plant.write_text(
        '[[meters]]\nname = "M1"\nunit = 1\nmean_flow = 5\n[[meters]]\nname = "M2"\nunit = 1\nmean_flow = 5\n'
    )
    done = edge("simulate", plant, "--port", "0", "--control-port", "0")
    assert (done.exit_code, done.stderr) == (1, f"Error: {plant}: unit 1 is listed twice\n")


def test_every_setting_of_the_environment_is_in_the_example_file() -> None:
    example = (EXAMPLES.parents[1] / ".env.example").read_text()
    for field in Environment.model_fields:
        assert f"FLUXIO_{field.upper()}=" in example
