"""`python -m fluxio_api` prints the OpenAPI document."""

from __future__ import annotations

import json
import sys

from .described import described_app
from .openapi import document

sys.stdout.write(json.dumps(document(described_app()), indent=2) + "\n")
