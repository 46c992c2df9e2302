"""GET and POST /api/alert-rules, PATCH and DELETE /api/alert-rules/ID, POST /api/alert-rules/backtest."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from pydantic import AwareDatetime, Field, FiniteFloat, JsonValue

from ..auth import token_of
from ..openapi.operation import operation
from ..problems import InvalidRequest
from .answers.alerts import Rule, Rules, RuleType, Tried
from .answers.base import Severity
from .ports import OpenPerson, Query, Row
from .requests import Body, DeviceId, Parameters, Text, read_body, read_query

Minutes = Annotated[int, Field(ge=0, le=2_147_483_647, description="[min]")]
Deadband = Annotated[FiniteFloat, Field(ge=0)]
Threshold = Annotated[FiniteFloat | None, Field(examples=[100])]


class RuleChange(Body):
    """What may be changed; units are the rule type's, as in docs/database.md. A member left out stays as it is."""

    rule_name: Text | None = None
    rule_type: RuleType | None = None
    threshold_value: Threshold = None
    deadband: Deadband | None = None
    duration_minutes: Minutes | None = None
    severity: Severity | None = None
    is_enabled: bool | None = None
    notification_channels: list[JsonValue] | None = None


class NewRule(RuleChange):
    """A rule."""

    # Not left out, or a forgotten member would watch all of them.
    device_id: Annotated[
        DeviceId | None, Field(description="null: for every device of the organization.", examples=["NIVUS_01"])
    ]
    rule_name: Annotated[Text, Field(examples=["High Flow Alert"])]
    rule_type: RuleType


class Backtest(Body):
    """A rule as it might be, and the window to judge with it."""

    device_id: DeviceId
    rule_type: RuleType
    threshold_value: Threshold = None
    deadband: Deadband = 0
    duration_minutes: Minutes = 0
    start_time: Annotated[AwareDatetime | None, Field(description="Inclusive; 30 days ago if left out.")] = None
    end_time: Annotated[AwareDatetime | None, Field(description="Exclusive; now if left out.")] = None


class RuleParameters(Parameters):
    """The query of GET /api/alert-rules."""

    #: Its rules, and those for every device.
    device_id: DeviceId | None = None


def blueprint(people: OpenPerson) -> Blueprint:
    """The routes."""
    bp = Blueprint("alert_rules", __name__, url_prefix="/api/alert-rules")

    @bp.get("")
    @operation(answers=Rules, query=RuleParameters)
    def index() -> Response:
        """The organization's rules, or those that watch a device."""
        person = people(token_of(request))
        device_id = read_query(RuleParameters).device_id
        every = Query("alert_rules", (("id", False),))
        if device_id is None:
            return jsonify(rules=person.rows(every))
        own = person.rows(replace(every, where=(("device_id", "eq", device_id),)))
        common = person.rows(replace(every, where=(("device_id", "is", None),)))
        return jsonify(rules=[*own, *common])

    @bp.post("")
    @operation(answers=Rule, status=201, body=NewRule, problems=("forbidden",))
    def create() -> tuple[Response, int]:
        """Make a rule for one device or for all; for operators and admins."""
        person = people(token_of(request))
        return jsonify(person.add("alert_rules", read_body(NewRule).model_dump(mode="json", exclude_unset=True))), 201

    @bp.patch("/<uuid:rule_id>")
    @operation(answers=Rule, body=RuleChange, problems=("forbidden", "not_found"))
    def change(rule_id: UUID) -> Response:
        """Change a rule; a member left out stays as it is. For operators and admins."""
        person = people(token_of(request))
        values: Row = read_body(RuleChange).model_dump(mode="json", exclude_unset=True)
        if not values:
            raise InvalidRequest("The body names nothing to change.")
        return jsonify(person.change("alert_rules", {"id": str(rule_id)}, values))

    @bp.delete("/<uuid:rule_id>")
    @operation(status=204, problems=("forbidden", "not_found"))
    def remove(rule_id: UUID) -> tuple[str, int]:
        """Delete a rule; its alerts stay. For operators and admins."""
        people(token_of(request)).remove("alert_rules", {"id": str(rule_id)})
        return "", 204

    @bp.post("/backtest")
    @operation(answers=Tried, body=Backtest)
    def backtest() -> Response:
        """The alerts that such a rule would have opened; stores nothing."""
        person = people(token_of(request))
        asked: Row = read_body(Backtest).model_dump(mode="json", exclude_none=True)
        return jsonify(alerts=person.call("backtest_alert_rule", asked, repeatable=True))

    return bp
