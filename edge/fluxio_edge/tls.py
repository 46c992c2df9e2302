"""Whom the agent believes to be the API, and in words why not."""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path
from typing import Final

from fluxio_edge.errors import ConfigError

#: OpenSSL's X509_V_ERR_* (x509_vfy.h).
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_UNKNOWN_ISSUER: Final = frozenset({2, 18, 19, 20, 21, 27})
_WRONG_HOST: Final = frozenset({62, 64})


def trusted(ca_file: Path | None) -> ssl.SSLContext | bool:
    """What httpx calls `verify`: the issuers of `ca_file` alone, or the usual ones. Raises ConfigError."""
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise ConfigError(f"ca_file {ca_file} holds no certificates in PEM form") from error
    except OSError as error:
        raise ConfigError(f"ca_file {ca_file} cannot be read: {error.strerror}") from error


def certificate_fault(error: BaseException, now: datetime) -> str | None:
    """What is wrong with the API's certificate, if that is what `error` came from."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    clock = f"the gateway's clock says {now:%Y-%m-%d %H:%M} UTC"
    if cause.verify_code == _EXPIRED:
        return f"the API's certificate has expired; {clock}"
    if cause.verify_code == _NOT_YET_VALID:
        return f"the API's certificate is not valid yet; {clock}: is it set?"
    if cause.verify_code in _UNKNOWN_ISSUER:
        return "the API's certificate is of an issuer that is not trusted here; name your own in ca_file of [api]"
    if cause.verify_code in _WRONG_HOST:
        return f"the API's certificate is for another host: {cause.verify_message}"
    return f"the API's certificate is not accepted: {cause.verify_message}"
