"""What REST offers: each route is declared once, and the OpenAPI document is made of the declarations."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from common.service import version
from engage.models import Answer, Problem
from engage.problems import MEDIA_TYPE

Handler = Callable[..., ResponseReturnValue]

_DEVICE = {
    "name": "name",
    "in": "path",
    "required": True,
    "description": "the device's id",
    "schema": {"type": "string", "pattern": "^[^/]+$"},
}


@dataclass(frozen=True)
class Body:
    """What comes with a status: a model, objects of one by name, bytes of a media type, or nothing."""

    model: type[BaseModel] | None = None
    by_name: bool = False
    media_type: str = "application/json"
    description: str = "the answer"

    def schema(self) -> dict[str, Any]:
        if self.model is None:
            return {}
        ref = {"$ref": f"#/components/schemas/{self.model.__name__}"}
        return {"type": "object", "additionalProperties": ref} if self.by_name else ref


@dataclass(frozen=True)
class Operation:
    path: str
    summary: str
    answers: Mapping[int, Body]
    query: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        parameters = [_DEVICE] if "{name}" in self.path else []
        parameters += [
            {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
            for name, text in self.query.items()
        ]
        failure = Body(Problem, media_type=MEDIA_TYPE, description="why not, and what to do")
        answers = {str(status): _response(body) for status, body in self.answers.items()}
        return {
            "operationId": re.sub(r"\W+", "_", self.path).strip("_"),
            "summary": self.summary,
            "parameters": parameters,
            "responses": answers | {"default": _response(failure)},
        }


class Contract:
    """Routes of one application that other systems may rely on."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.operations: list[Operation] = []

    def get(
        self, rule: str, summary: str, answers: Mapping[int, Body], **query: str
    ) -> Callable[[Handler], Handler]:
        """Serve GET and HEAD at a Flask rule, and say so in the document; `query` are optional parameters."""

        def add(handler: Handler) -> Handler:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
            self.operations.append(Operation(path, summary, answers, query))
            self._app.add_url_rule(rule, endpoint=f"api {rule}", view_func=handler, methods=["GET"])
            return handler

        return add

    def document(self) -> dict[str, Any]:
        """OpenAPI 3.1."""
        bodies = [body for operation in self.operations for body in operation.answers.values()]
        models: dict[type[BaseModel], None] = dict.fromkeys([*(b.model for b in bodies if b.model), Problem])
        _, schemas = models_json_schema(
            [(model, "serialization") for model in models], ref_template="#/components/schemas/{model}"
        )
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Headway",
                "version": version(),
                "description": "The latest value of every camera, and how far it can be trusted.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": {operation.path: {"get": operation.document()} for operation in self.operations},
            "components": {"schemas": schemas["$defs"]},
        }


def json(answer: Answer, status: int = 200) -> Response:
    return Response(
        answer.model_dump_json(by_alias=True),
        status,
        {"Cache-Control": "no-store"},
        mimetype="application/json",
    )


def _response(body: Body) -> dict[str, Any]:
    schema = body.schema()
    content = {body.media_type: {"schema": schema} if schema else {}} if body.media_type else {}
    return {"description": body.description, "content": content}
