"""GET /api/profiles."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from ..auth import token_of
from ..openapi.operation import operation
from .answers.device_page import Profiles
from .ports import OpenPerson, Query
from .requests import NoParameters, read_query


def blueprint(people: OpenPerson) -> Blueprint:
    """The route."""
    bp = Blueprint("profiles", __name__, url_prefix="/api/profiles")

    @bp.get("")
    @operation(answers=Profiles, query=NoParameters)
    def index() -> Response:
        """What a device's `profile` can name: published versions with their registers, the newest of a name first."""
        person = people(token_of(request))
        read_query(NoParameters)
        order = (("name", False), ("version", True), ("id", False))
        return jsonify(profiles=person.rows(Query("published_profiles", order)))

    return bp
