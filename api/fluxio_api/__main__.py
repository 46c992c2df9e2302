"""`python -m fluxio_api` prints the OpenAPI document."""

from __future__ import annotations

import json
import sys

from .openapi import document

sys.stdout.write(json.dumps(document(), indent=2) + "\n")
