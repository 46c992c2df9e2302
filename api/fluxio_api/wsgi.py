"""The app as a server loads it: `gunicorn fluxio_api.wsgi:app`."""

from __future__ import annotations

import sys

from . import create_app, requestlog
from .ingest.spool.spool_file import SpoolError
from .settings import SettingsError, from_environment

#: The exit status at which gunicorn gives up instead of starting the worker again.
_BOOT_ERROR = 3

try:
    _settings = from_environment()
    requestlog.configure(_settings.log_level, _settings.log_format)
    app = create_app(_settings)
    if "fluxio.spool" in app.extensions:
        app.extensions["fluxio.spool"].check()
except (SettingsError, SpoolError) as _error:
    sys.stderr.write(f"{_error}\n")
    sys.exit(_BOOT_ERROR)
