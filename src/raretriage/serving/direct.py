"""Routes that read their bodies and write their answers themselves: the body is validated once, from its bytes.

FastAPI would parse JSON to objects, validate these, and validate the answer again: half of the time of a prediction. It
still describes such a route by the signature of its function.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from raretriage.serving.errors import FieldFault, InvalidInput

Model = TypeVar("Model", bound=BaseModel)
Choice = TypeVar("Choice", bound=StrEnum)


Read = Callable[[Request], Awaitable[Mapping[str, object]]]
"""A request as the arguments of the route's function."""
Write = Callable[[Request, Any], Response]
"""What the function returned as the response to a request."""


def direct(read: Read, write: Write) -> type[APIRoute]:
    """The class of a route whose function, a coroutine, is called with what `read` makes of a request."""

    class Direct(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
            endpoint = self.endpoint

            async def handle(request: Request) -> Response:
                return write(request, await endpoint(**await read(request)))

            return handle

    return Direct


def validated(body: bytes, model: type[Model]) -> Model:
    """The body as what it should be.

    Raises:
        RequestValidationError: as FastAPI raises it.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from error


def chosen(query: QueryParams, name: str, choices: type[Choice]) -> frozenset[Choice]:
    """The values of a parameter that may be repeated; every other parameter is refused.

    Raises:
        InvalidInput: an unknown parameter or value.
    """
    known: Collection[str] = tuple(choices)
    faults = [
        FieldFault(key, "is not a parameter of this address" if key != name else "is not one of the allowed values",
                   f"{name}={'|'.join(known)}", "leave it out or send one of these; repeat it for several")
        for key, value in query.multi_items()
        if key != name or value not in known
    ]  # fmt: skip
    if faults:
        raise InvalidInput(faults)
    return frozenset(choices(value) for value in query.getlist(name))


def as_json(_request: Request, answer: BaseModel) -> Response:
    """The answer by pydantic's own serialiser."""
    return Response(answer.__pydantic_serializer__.to_json(answer), media_type="application/json")
