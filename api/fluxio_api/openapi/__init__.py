"""The OpenAPI document, built from the routes themselves.

`python -m fluxio_api > docs/openapi.json` writes the copy of /openapi.json anew.
"""

from .document import document
from .operation import operation
from .routes import blueprint

__all__ = ["blueprint", "document", "operation"]
