"""What a gateway is told of its readings."""

from __future__ import annotations

from .batch import Batch
from .ports import ACCEPTED, Judged

#: One entry of `results` in an answer, as in docs/api.md.
Result = dict[str, object]


def results_of(batch: Batch, judged: list[Judged]) -> list[Result]:
    """One result per value of the body, in its order. `judged` is about the batch's elements."""
    results = {
        index: result(index, one.device_id, one.created_at, one.verdict, one.code, one.pointer)
        for index, one in zip(batch.indexes, judged, strict=True)
    }
    for no in batch.refusals:
        results[no.index] = result(no.index, no.device_id, None, "rejected", no.code, no.pointer)
    return [results[index] for index in sorted(results)]


def result(
    index: int, device_id: str | None, created_at: str | None, verdict: str, code: str | None, pointer: str | None
) -> Result:
    """One entry; `code` and `pointer` stand in it only if there are any."""
    entry: Result = {
        "index": index,
        "device_id": device_id,
        "created_at": created_at,
        "success": verdict in ACCEPTED,
        "verdict": verdict,
    }
    if code is not None:
        entry["code"] = code
    if pointer is not None:
        entry["pointer"] = pointer
    return entry
