"""What a soak is made of."""

from __future__ import annotations

import pytest

from support.soak_story import story


@pytest.mark.parametrize("length_s", [40, 600, 1800])
def test_everything_happens_in_the_same_order_each_time(length_s: float) -> None:
    scenes = list(story("a", length_s))
    assert scenes == list(story("a", length_s)) != list(story("b", length_s))
    assert {scene.what for scene in scenes} == {"agent killed", "cut", "API worker killed", "stall"}
    assert sum(scene.wait_s + scene.lasts_s for scene in scenes) < length_s - 8


def test_the_agent_is_left_alone_in_the_second_half() -> None:
    now, killed_at = 0.0, [0.0]
    for scene in story("a", 1800):
        now += scene.wait_s + scene.lasts_s
        if scene.what == "agent killed":
            killed_at.append(now)
    assert len(killed_at) > 3
    assert max(killed_at) < 900
