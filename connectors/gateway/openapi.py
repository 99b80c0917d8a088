"""Adds to the OpenAPI 3.1 description what FastAPI does not know: bodies the endpoints read themselves, and problem
documents."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter

from connectors.gateway.problems import MEDIA_TYPE, SCHEMA

PROBLEM = {"$ref": "#/components/schemas/Problem"}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Responses with problem details."""
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
        for status in statuses
    }


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """The request body of an endpoint that reads one such document, or a list of them, as JSON."""
    one = {"$ref": f"#/components/schemas/{model.__name__}"}
    schema = {"oneOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def complete(app: FastAPI, models: list[type[BaseModel]], security: Mapping[str, Any]) -> None:
    """Add the models, the ``security`` schemes and the problem document to the app's description."""
    made = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schemas: dict[str, Any] = {"Problem": SCHEMA}
            for model in models:
                schemas |= _schemas(model)
            told = made()
            told["servers"] = [{"url": "/"}]
            told["security"] = []  # an operation that needs a key says so
            parts = told.setdefault("components", {})
            parts.setdefault("schemas", {}).update(schemas)
            parts["securitySchemes"] = dict(security)
        return made()

    app.openapi = described  # type: ignore[method-assign]


def _schemas(model: type[BaseModel]) -> Mapping[str, Any]:
    schema = TypeAdapter(model).json_schema(ref_template="#/components/schemas/{model}")
    inner = schema.pop("$defs", {})
    return {**inner, model.__name__: schema}
