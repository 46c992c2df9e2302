"""What a body is before it is JSON: compressed, base64, or text in another encoding.

A gateway's page has switches for these, and who flips one forgets the header
that should say so. So the bytes decide, and Content-Encoding is believed only
where they do not contradict it: a proxy may have unpacked a body and left it.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import zlib

#: Content-Encodings that are read. RFC 9110, section 8.4.1.
ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})

_GZIP_MAGIC = b"\x1f\x8b"
#: zlib's window bits: a gzip member; a zlib stream, as RFC 9110 wants "deflate"; and what many send as it.
_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15

#: Most wrappings, one inside the other: gzip in base64 in gzip is the most that was thought of.
_MAX_LAYERS = 4

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{4,}={0,2}")


class NotUnpackableError(ValueError):
    """The bytes are not what they or their Content-Encoding claim to be; the message says why."""


class TooLargeError(ValueError):
    """The body has more bytes than allowed once it is unpacked."""


def encodings_of(header: str) -> list[str]:
    """The codings that a Content-Encoding names, in the order they were applied, in small letters."""
    return [coding.strip().lower() for coding in header.split(",")]


def unpack(body: bytes, content_encoding: str, *, limit: int) -> bytes:
    """The UTF-8 text inside `body`; at most `limit` bytes, and never more than that is inflated.

    Text that no layer can be taken off is answered as it is, for the parser to
    judge. Raises NotUnpackableError and TooLargeError.
    """
    codings = [coding for coding in encodings_of(content_encoding) if coding not in {"", "identity"}]
    if len(codings) > _MAX_LAYERS:
        raise NotUnpackableError("encoded too often")
    for coding in reversed(codings):
        if coding == "deflate":
            body = _undeflated(body, limit)
        elif body.startswith(_GZIP_MAGIC):
            body = _gunzipped(body, limit)
    for _ in range(_MAX_LAYERS):
        if body.startswith(_GZIP_MAGIC):
            body = _gunzipped(body, limit)
            continue
        decoded = _from_base64(body)
        if decoded is None:
            break
        body = decoded
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        body = _from_utf16(body)
    if len(body) > limit:
        raise TooLargeError(f"{limit} bytes is the most")
    return body


def _gunzipped(body: bytes, limit: int) -> bytes:
    """All members of a gzip file, one after the other; zeros may follow the last. RFC 1952, section 2.2."""
    parts: list[bytes] = []
    left = limit
    while body.startswith(_GZIP_MAGIC):
        part, body = _inflated(body, _GZIP, left)
        parts.append(part)
        left -= len(part)
    if body.strip(b"\0"):
        raise NotUnpackableError("something follows the gzip data")
    return b"".join(parts)


def _undeflated(body: bytes, limit: int) -> bytes:
    for window in (_ZLIB, _RAW_DEFLATE):
        try:
            text, rest = _inflated(body, window, limit)
        except NotUnpackableError:
            continue
        if not rest:
            return text
    if body.lstrip()[:1] in {b"{", b"["}:
        return body
    raise NotUnpackableError("the deflate data is broken")


def _inflated(body: bytes, window: int, limit: int) -> tuple[bytes, bytes]:
    """One compressed stream and what follows it."""
    stream = zlib.decompressobj(window)
    try:
        # One byte more than allowed tells that there is more. 0 would mean "no limit".
        text = stream.decompress(body, limit + 1)
    except zlib.error:
        raise NotUnpackableError("the compressed data is broken") from None
    if len(text) > limit:
        raise TooLargeError(f"{limit} bytes is the most")
    if not stream.eof:
        raise NotUnpackableError("the compressed data breaks off")
    return text, stream.unused_data


def _from_base64(body: bytes) -> bytes | None:
    """What base64 text holds, also the URL-safe kind, in lines or without padding; None if it is none.

    JSON that a gateway sends begins with a bracket, which base64 never has;
    a bare word or number could be either, and is no body in any case.
    """
    text = b"".join(body.removeprefix(codecs.BOM_UTF8).split())
    if not _BASE64.fullmatch(text):
        return None
    digits = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        return None


def _from_utf16(body: bytes) -> bytes:
    try:
        return body.decode("utf-16").encode("utf-8")
    except UnicodeError:
        raise NotUnpackableError("the body is not UTF-16") from None
