"""The image of the Dockerfile, and containers of it as compose.yaml starts them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from docker import DockerClient
from docker.models.containers import Container

ROOT = Path(__file__).parents[2]
TAG = "fluxio-test"


def compose(file: str = "compose.yaml") -> dict[str, Any]:
    """A compose file, its anchors resolved."""
    read: dict[str, Any] = yaml.safe_load((ROOT / file).read_text())
    return read


def build_image(docker: DockerClient) -> str:
    """Build the Dockerfile; FLUXIO_TEST_IMAGE_ARGS are its arguments. The image's tag."""
    arguments = dict(each.split("=", 1) for each in os.environ.get("FLUXIO_TEST_IMAGE_ARGS", "").split())
    # The machine's own network: that is how it reaches the registries.
    docker.images.build(path=str(ROOT), tag=TAG, buildargs=arguments, network_mode="host", rm=True)
    return TAG


def host_seen_from_containers(docker: DockerClient) -> str:
    """The machine's address on the containers' network."""
    return str(docker.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"])


@contextmanager
def service(docker: DockerClient, name: str, environment: Mapping[str, str]) -> Iterator[Container]:
    """A container with the restrictions that compose.yaml gives the service `name`; removed at the end."""
    told = compose()["services"][name]
    folder, _, options = told["tmpfs"].partition(":")
    container = docker.containers.run(
        TAG,
        told.get("command"),
        detach=True,
        user=told["user"],
        read_only=told["read_only"],
        tmpfs={folder: options},
        cap_drop=told["cap_drop"],
        security_opt=["no-new-privileges"],
        environment={**told.get("environment", {}), **environment},
        volumes=[f"fluxio-test-{name}:{volume.split(':')[1]}" for volume in told.get("volumes", [])],
        ports={f"{port.split(':')[-1]}/tcp": ("127.0.0.1", None) for port in told.get("ports", [])},
    )
    try:
        yield container
    finally:
        container.remove(force=True, v=True)
        for volume in docker.volumes.list(filters={"name": f"fluxio-test-{name}"}):
            volume.remove()


def wait_for_log(container: Container, words: str, seconds: float = 90) -> None:
    """Until the container has logged `words`."""
    until = time.monotonic() + seconds
    while words not in (log := container.logs().decode()):
        container.reload()
        assert container.status == "running", log
        assert time.monotonic() < until, log
        time.sleep(0.2)


def stopped(container: Container) -> int:
    """Its exit status after `docker stop` with the patience of compose.yaml."""
    container.stop(timeout=40)
    return int(container.wait()["StatusCode"])
