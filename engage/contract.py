"""What REST offers: each route is declared once, with who may ask; requests are checked against it.

`engage.document` makes the OpenAPI document of the declarations.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Annotated, TypeVar

from flask import Flask, Response, abort, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from common.wire.names import wire_name
from engage.access.roles import Role
from engage.models import Answer

Handler = Callable[..., ResponseReturnValue]
Declare = Callable[[Handler], Handler]
T = TypeVar("T")

_NAMED = 100
"""Characters of a name that somebody sent, in the answer that refuses it."""


class Asked(BaseModel):
    """The query or the body of a request; names that are not known are refused, not overlooked."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        alias_generator=wire_name,
        allow_inf_nan=False,
        defer_build=True,
    )


Listed = Annotated[
    tuple[T, ...],
    BeforeValidator(lambda text: tuple(text.split(",") if text else ()) if isinstance(text, str) else text),
    Field(max_length=1000),
]
"""Values of a query parameter, with commas between them; an empty one has none."""


@dataclass(frozen=True)
class Body:
    """What comes with a status: models, objects of one by name, bytes of a media type, or nothing.

    `also` are other media types of the same content.
    """

    model: type[BaseModel] | None = None
    by_name: bool = False
    media_type: str = "application/json"
    description: str = "the answer"
    also: tuple[str, ...] = ()
    alternative: type[BaseModel] | None = None


@dataclass(frozen=True)
class Operation:
    """One method of one route; `role` is the least that may ask."""

    method: str
    rule: str
    summary: str
    answers: Mapping[int, Body]
    role: Role
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None

    @property
    def path(self) -> str:
        return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", self.rule)

    @property
    def endpoint(self) -> str:
        return f"api {self.method} {self.rule}"


@dataclass
class Contract:
    """Routes of one application that other systems may rely on, by Flask's name of the endpoint."""

    app: Flask
    operations: dict[str, Operation] = field(default_factory=dict)

    def get(
        self,
        rule: str,
        summary: str,
        answers: Mapping[int, Body],
        *,
        role: Role,
        query: type[BaseModel] | None = None,
    ) -> Declare:
        """Serve GET and HEAD at a Flask rule.

        The handler gets the parts of the path by name, and `query` and `body` where they are declared.
        """
        return self._declare(Operation("GET", rule, summary, answers, role, query))

    def post(
        self,
        rule: str,
        summary: str,
        answers: Mapping[int, Body],
        *,
        role: Role,
        body: type[BaseModel] | None = None,
    ) -> Declare:
        return self._declare(Operation("POST", rule, summary, answers, role, body=body))

    def put(
        self, rule: str, summary: str, answers: Mapping[int, Body], *, role: Role, body: type[BaseModel]
    ) -> Declare:
        return self._declare(Operation("PUT", rule, summary, answers, role, body=body))

    def patch(
        self, rule: str, summary: str, answers: Mapping[int, Body], *, role: Role, body: type[BaseModel]
    ) -> Declare:
        return self._declare(Operation("PATCH", rule, summary, answers, role, body=body))

    def delete(
        self,
        rule: str,
        summary: str,
        answers: Mapping[int, Body],
        *,
        role: Role,
        query: type[BaseModel] | None = None,
    ) -> Declare:
        return self._declare(Operation("DELETE", rule, summary, answers, role, query))

    def _declare(self, operation: Operation) -> Declare:
        def add(handler: Handler) -> Handler:
            self.operations[operation.endpoint] = operation
            self.app.add_url_rule(
                operation.rule,
                endpoint=operation.endpoint,
                view_func=_checked(operation, handler),
                methods=[operation.method],
            )
            return handler

        return add


def json(answer: Answer, status: int = 200) -> Response:
    return Response(
        answer.model_dump_json(by_alias=True),
        status,
        {"Cache-Control": "no-store"},
        mimetype="application/json",
    )


def _checked(operation: Operation, handler: Handler) -> Handler:
    """Call the handler with what was asked, or answer 400 or 415."""

    @wraps(handler)
    def view(**asked: object) -> ResponseReturnValue:
        if operation.query:
            asked["query"] = _query(operation.query)
        if operation.body:
            asked["body"] = _body(operation.body)
        return handler(**asked)

    return view


def _query(model: type[BaseModel]) -> BaseModel:
    given = request.args.to_dict(flat=False)
    for name, values in given.items():
        if len(values) > 1:
            abort(
                400, f"{name[:_NAMED]!r} is there more than once; several values go with commas between them."
            )
    try:
        return model.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        abort(400, _reasons("query", error))


def _body(model: type[BaseModel]) -> BaseModel:
    """JSON as the schema has it: a number in quotes is text."""
    if not request.is_json:
        abort(415, "Send the body as JSON, with Content-Type: application/json.")
    try:
        return model.model_validate_json(request.get_data(), strict=True)
    except ValidationError as error:
        abort(400, _reasons("body", error))


def _reasons(where: str, error: ValidationError) -> str:
    """What is wrong, without the values: they may be secrets."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    named = [
        (".".join(str(part) for part in e["loc"])[:_NAMED], e["msg"].removeprefix("Value error, "))
        for e in found[:10]
    ]
    return (
        f"in the {where}, " + "; ".join(f"{name!r}: {text}" if name else text for name, text in named) + "."
    )
