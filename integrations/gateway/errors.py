"""Every refusal of the HTTP interface has one form: ``{"error": {"code", "message"}}``, the message in Chinese.

The sentences are in ``errors.yml``; what is wrong inside the server never reaches a reader.
"""

from functools import cache
from pathlib import Path

import structlog
import yaml
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from property_db.errors import DomainError

CATALOGUE = Path(__file__).with_name("errors.yml")
log = structlog.get_logger()


class ApiError(Exception):
    """A request that is refused: ``code`` names a sentence of ``errors.yml``."""

    def __init__(self, status: int, code: str, **params: object) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.params = params


@cache
def _catalogue() -> dict[str, str]:
    loaded: dict[str, str] = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return loaded


def sentence(code: str, **params: object) -> str:
    """What a person reads for the error ``code``; unknown codes get the general sentence."""
    texts = _catalogue()
    try:
        return texts.get(code, texts["refused"]).format(**params)
    except KeyError:  # a sentence wants a value that the error does not carry
        return texts["refused"]


def _answer(status: int, code: str, **params: object) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": sentence(code, **params)}}, status_code=status)


def _field(location: tuple[int | str, ...]) -> str:
    """The field's path; a body that is no JSON at all has a position instead of a field."""
    named = [part for part in location[1:] if isinstance(part, str)]
    return ".".join(named) or "body"


def install(app: FastAPI) -> None:
    """Register the handlers that turn every exception into the one form."""

    @app.exception_handler(ApiError)
    async def api_error(request: Request, error: ApiError) -> JSONResponse:
        return _answer(error.status, error.code, **error.params)

    @app.exception_handler(DomainError)
    async def domain_error(request: Request, error: DomainError) -> JSONResponse:
        return _answer(error.status, error.code, **error.params)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # Only where, never what: the value may be a phone number.
        where = sorted({_field(item["loc"]) for item in error.errors()})
        log.info("request.invalid", path=request.scope["route"].path if "route" in request.scope else "", fields=where)
        return _answer(422, "invalid_request", fields="、".join(where))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        code = {400: "invalid_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(
            error.status_code, "refused"
        )
        return _answer(error.status_code, code, fields="body")

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("request.failed", error=type(error).__name__)
        return _answer(500, "internal")
