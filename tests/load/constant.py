"""A Flask application that reads a body and answers every one alike: what the server costs before anything is done."""

from __future__ import annotations

from flask import Flask, Response, jsonify, request

app = Flask(__name__)


@app.route("/api/ingest", methods=["GET", "POST"])
def ingest() -> Response:
    """Nothing is looked at, nothing is stored."""
    request.get_data()
    return jsonify(success=True)
