"""Ingest: gateways post readings, the database decides what they are."""
