"""Routes that FastAPI describes and that answer for themselves: the body is validated once, from its bytes.

FastAPI would parse JSON to objects, validate these, and validate the answer again: half of the time of a prediction.
"""

from collections.abc import Awaitable, Callable, Collection
from enum import StrEnum
from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from raretriage.serving.errors import FieldFault, InvalidInput

Model = TypeVar("Model", bound=BaseModel)
Choice = TypeVar("Choice", bound=StrEnum)


def answered_by(handle: Callable[[Request], Awaitable[Response]]) -> type[APIRoute]:
    """The class of a route whose function only says, by its signature, what comes in and goes out."""

    class Described(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
            return handle

    return Described


async def body_of(request: Request, model: type[Model]) -> Model:
    """The validated body.

    Raises:
        RequestValidationError: as FastAPI raises it.
    """
    try:
        return model.model_validate_json(await request.body())
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


def json_of(answer: BaseModel) -> Response:
    """The answer by pydantic's own serialiser."""
    return Response(answer.__pydantic_serializer__.to_json(answer), media_type="application/json")
