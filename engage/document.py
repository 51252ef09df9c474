"""The OpenAPI 3.1 document, made of the declared routes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from common.service import version
from engage.access.roles import Role
from engage.contract import Body, Operation
from engage.models import Problem
from engage.problems import MEDIA_TYPE

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]
References = Mapping[tuple[type[BaseModel], Mode], Schema]

_PATH = {"name": "which one", "id": "which one"}
_FAILURE = Body(Problem, media_type=MEDIA_TYPE, description="why not, and what to do")
_SECURITY = {
    "session": {"type": "apiKey", "in": "cookie", "name": "headway_session", "description": "of a person"},
    "token": {"type": "http", "scheme": "bearer", "description": "of another system"},
}


def document(operations: Iterable[Operation]) -> Schema:
    operations = list(operations)
    references, schemas = _schemas(operations)
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headway",
            "version": version(),
            "description": "The latest value of every camera, and how far it can be trusted.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _SECURITY},
    }


def _schemas(operations: list[Operation]) -> tuple[References, Schema]:
    bodies = [body for operation in operations for body in operation.answers.values()]
    answers = [model for body in (*bodies, _FAILURE) for model in (body.model, body.alternative) if model]
    wanted: dict[tuple[type[BaseModel], Mode], None] = dict.fromkeys((m, "serialization") for m in answers)
    wanted |= dict.fromkeys((o.body, "validation") for o in operations if o.body)
    found, schemas = models_json_schema(list(wanted), ref_template="#/components/schemas/{model}")
    references = {(m, mode): part for (m, mode), part in found.items() if issubclass(m, BaseModel)}
    return references, schemas["$defs"]


def _operation(operation: Operation, references: References) -> Schema:
    answers = {str(status): _response(body, references) for status, body in operation.answers.items()}
    found: Schema = {
        "operationId": re.sub(r"\W+", "_", f"{operation.method.lower()}_{operation.path}").strip("_"),
        "tags": [_tag(operation.path)],
        "summary": operation.summary,
        "parameters": [*_in_path(operation.path), *_in_query(operation.query)],
        "responses": answers | {"default": _response(_FAILURE, references)},
        "security": [] if operation.role == Role.ANYBODY else [{name: []} for name in _SECURITY],
        "x-role": operation.role.word,
    }
    if operation.body:
        content = {"application/json": {"schema": references[operation.body, "validation"]}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _tag(path: str) -> str:
    """Under which heading the page with the document shows it."""
    if found := re.match(r"/api/v1/(\w+)", path):
        return found[1]
    return "the original people-counter" if path.startswith("/api/v1.0/") else "service"


def _in_path(path: str) -> list[Schema]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PATH.get(name, name),
            "schema": {"type": "string", "pattern": "^[^/]+$"},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _in_query(model: type[BaseModel] | None) -> list[Schema]:
    schema = model.model_json_schema() if model else {}
    return [_parameter(name, part) for name, part in schema.get("properties", {}).items()]


def _parameter(name: str, schema: Schema) -> Schema:
    """A query has no null: what may be null may be left out."""
    text = schema.pop("description", "")
    schema.pop("title", None)
    if "anyOf" in schema:
        (schema,) = [part for part in schema["anyOf"] if part != {"type": "null"}]
    if schema.get("default") is None:
        schema.pop("default", None)
    found = {"name": name, "in": "query", "description": text, "schema": schema}
    return found | ({"style": "form", "explode": False} if schema.get("type") == "array" else {})


def _response(body: Body, references: References) -> Schema:
    if not body.media_type:
        return {"description": body.description}
    schema = _content(body, references)
    content: Schema = {body.media_type: {"schema": schema} if schema else {}}
    content |= {other: {"schema": {"type": "string"}} for other in body.also}
    return {"description": body.description, "content": content}


def _content(body: Body, references: References) -> Schema:
    models = [model for model in (body.model, body.alternative) if model]
    found = [references[model, "serialization"] for model in models]
    if body.by_name:
        return {"type": "object", "additionalProperties": found[0]}
    return {"anyOf": found} if len(found) > 1 else (found[0] if found else {})
