from __future__ import annotations

import base64
import gzip
import tracemalloc
import zlib

import pytest

from fluxio_api.ingest.unpack import NotUnpackableError, TooLargeError, unpack

BODY = b'{"device_id":"A"}'
LIMIT = 1_048_576
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATED = RAW.compress(BODY) + RAW.flush()


def zipped(body: bytes) -> bytes:
    """As gzip does it, at no time, so that a test has the same name every time."""
    return gzip.compress(body, mtime=0)


@pytest.mark.parametrize(
    ("sent", "encoding"),
    [
        (BODY, ""),
        (BODY, "identity"),
        (zipped(BODY), "gzip"),
        (zipped(BODY), "x-gzip"),
        (zipped(BODY), " GZIP "),
        (zipped(BODY), "deflate, gzip"),
        (zipped(zlib.compress(BODY)), "deflate, gzip"),
        (zipped(zipped(BODY)), "gzip"),
        (zipped(BODY[:5]) + zipped(BODY[5:]) + b"\0\0", "gzip"),
        (zipped(BODY), "identity"),
        (zlib.compress(BODY), "deflate"),
        (RAW_DEFLATED, "deflate"),
        # A proxy that unpacked the body and left the header.
        (BODY, "gzip"),
        (BODY, "deflate"),
        (zipped(base64.b64encode(BODY)), "gzip"),
        (base64.b64encode(base64.b64encode(BODY)), ""),
    ],
)
def test_layers_are_taken_off(sent: bytes, encoding: str) -> None:
    assert unpack(sent, encoding, limit=LIMIT) == BODY


@pytest.mark.parametrize("sent", [b"", b"{", b"null", b"\xff", b"abc def", b"=", b"====", b"ab", b'"text"'])
def test_what_is_no_layer_is_left_to_the_parser(sent: bytes) -> None:
    unpack(sent, "", limit=LIMIT)


@pytest.mark.parametrize(
    ("sent", "encoding"),
    [
        (zipped(BODY)[:-1], ""),
        (zipped(BODY)[:12], "gzip"),
        (zipped(BODY) + b"more", "gzip"),
        (b"\x1f\x8b" + b"x" * 50, ""),
        (zlib.compress(BODY)[:-3], "deflate"),
        (b"\xff" * 20, "deflate"),
        (BODY, ", ".join(["gzip"] * 9)),
        (b"\xff\xfe\x00", ""),
    ],
)
def test_what_is_broken_is_said_to_be(sent: bytes, encoding: str) -> None:
    with pytest.raises(NotUnpackableError):
        unpack(sent, encoding, limit=LIMIT)


@pytest.mark.parametrize(
    ("sent", "encoding"),
    [
        (zipped(b" " * 200_000_000), "gzip"),
        (zlib.compress(b" " * 200_000_000, 9), "deflate"),
        (zipped(b" " * (LIMIT + 1)), ""),
        (zipped(b" " * 600_000) * 2, ""),
        (zipped(zipped(b" " * 200_000_000)), "gzip, gzip"),
        (b"x" * (LIMIT + 1), ""),
    ],
    ids=["gzip", "deflate", "one-byte", "members", "nested", "plain"],
)
def test_a_bomb_is_never_inflated(sent: bytes, encoding: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            unpack(sent, encoding, limit=LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 8 * LIMIT
    finally:
        tracemalloc.stop()


def test_the_limit_itself_is_allowed() -> None:
    assert len(unpack(zipped(b" " * LIMIT), "gzip", limit=LIMIT)) == LIMIT
