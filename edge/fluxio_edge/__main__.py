"""`python -m fluxio_edge` is `fluxio-edge`."""

from fluxio_edge.cli import main

main(prog_name="fluxio-edge")
