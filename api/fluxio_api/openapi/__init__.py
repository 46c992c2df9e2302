"""The OpenAPI document, built from the routes themselves.

`python -m fluxio_api > docs/openapi.json` writes the copy of /openapi.json anew.
"""

from .document import document
from .operation import operation
from .page import NAME as PAGE
from .page import blueprint as page
from .routes import blueprint

__all__ = ["PAGE", "blueprint", "document", "operation", "page"]
