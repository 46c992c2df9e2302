"""Load on the whole road from a gateway's POST to a commit and to the page; `make bench` runs it."""
