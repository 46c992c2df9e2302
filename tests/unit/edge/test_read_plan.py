"""Which requests read a meter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fluxio_edge.read_plan import Block, Limits, ReadPlan, Span, plan_reads, smaller


def places(blocks: tuple[Block, ...]) -> list[tuple[int, int, int]]:
    return [(block.function_code, block.address, block.count) for block in blocks]


def test_adjoining_registers_are_read_in_one_request() -> None:
    assert places(plan_reads([Span(4, 14, 2), Span(4, 10, 2), Span(4, 12, 2)])) == [(4, 10, 6)]


def test_function_codes_and_gaps_are_not_read_across() -> None:
    assert places(plan_reads([Span(4, 2, 1), Span(3, 3, 1), Span(4, 4, 2)])) == [(3, 3, 1), (4, 2, 1), (4, 4, 2)]


def test_a_gap_is_read_over_as_far_as_allowed() -> None:
    spans = [Span(4, 0, 2), Span(4, 4, 2), Span(4, 9, 1)]
    assert places(plan_reads(spans, Limits(gap=2))) == [(4, 0, 6), (4, 9, 1)]
    assert places(plan_reads(spans, Limits(gap=3))) == [(4, 0, 10)]


def test_a_hole_is_never_read_over() -> None:
    spans = [Span(4, 0, 2), Span(4, 4, 2)]
    assert places(plan_reads(spans, Limits(gap=9, holes=(Span(4, 3, 1),)))) == [(4, 0, 2), (4, 4, 2)]
    assert places(plan_reads(spans, Limits(gap=9, holes=(Span(3, 3, 1), Span(4, 6, 1))))) == [(4, 0, 6)]


def test_a_request_asks_for_no_more_than_125_registers() -> None:
    spans = [Span(4, 4 * index, 4) for index in range(40)]
    assert places(plan_reads(spans)) == [(4, 0, 124), (4, 124, 36)]
    assert places(plan_reads(spans, Limits(registers=64)))[0] == (4, 0, 64)


def test_a_refused_request_is_asked_for_without_its_gaps_and_then_in_halves() -> None:
    (block,) = plan_reads([Span(4, 0, 2), Span(4, 2, 2), Span(4, 6, 4)], Limits(gap=2))
    assert places(smaller(block)) == [(4, 0, 4), (4, 6, 4)]
    first, second = smaller(block)
    assert places(smaller(first)) == [(4, 0, 2), (4, 2, 2)]
    assert smaller(second) == (), "a number is never read in two requests"


def test_what_was_refused_is_remembered_until_everything_is() -> None:
    plan = ReadPlan(plan_reads([Span(4, 0, 2), Span(4, 2, 2), Span(4, 90, 1)]))
    plan.split(plan.blocks[0])
    assert places(plan.blocks) == [(4, 0, 2), (4, 2, 2), (4, 90, 1)]
    plan.start_over()
    assert places(plan.blocks) == [(4, 0, 4), (4, 90, 1)]


SPANS = st.sets(
    st.builds(Span, st.sampled_from([3, 4]), st.integers(0, 400), st.sampled_from([1, 2, 4])), min_size=1, max_size=30
)
LIMITS = st.builds(
    Limits,
    registers=st.integers(4, 125),
    gap=st.integers(0, 20),
    holes=st.lists(st.builds(Span, st.sampled_from([3, 4]), st.integers(0, 400), st.integers(1, 9)), max_size=5).map(
        tuple
    ),
)


@given(SPANS, LIMITS)
def test_every_plan_reads_each_span_whole_within_the_limits(spans: set[Span], limits: Limits) -> None:
    blocks = plan_reads(spans, limits)
    assert sorted(span for block in blocks for span in block.spans) == sorted(spans)
    for block in blocks:
        assert block.count <= limits.registers
        wanted: set[int] = set()
        for span in block.spans:
            assert span.function_code == block.function_code
            assert block.address <= span.address
            assert span.end <= block.end
            wanted |= set(range(span.address, span.end))
        along = set(range(block.address, block.end)) - wanted
        assert not along & {
            address
            for hole in limits.holes
            if hole.function_code == block.function_code
            for address in range(hole.address, hole.end)
        }
