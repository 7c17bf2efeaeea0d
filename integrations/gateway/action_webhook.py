"""The route that the engine calls to run our actions (rasa-sdk's executor inside our own server).

Reachable with the secret only, so that it does not matter who else shares the port.
"""

import hmac
from typing import Any

import structlog
from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

log = structlog.get_logger()


def build(secret: str) -> APIRouter:
    """The router with all actions registered.

    Args:
        secret: what the engine sends as ``X-Guanjia-Secret``.
    """
    router = APIRouter(include_in_schema=False)
    executor = ActionExecutor()
    executor.register_package("actions")

    @router.post("/internal/actions")
    async def run_action(request: Request, x_guanjia_secret: str = Header(default="")) -> JSONResponse:
        if not hmac.compare_digest(x_guanjia_secret.encode(), secret.encode()):
            return JSONResponse({"error": "forbidden"}, status_code=403)
        call: dict[str, Any] = await request.json()
        try:
            result = await executor.run(call)
        except ActionExecutionRejection as rejection:
            return JSONResponse({"error": str(rejection), "action_name": rejection.action_name}, status_code=400)
        except ActionNotFoundException as missing:
            log.error("action.not_found", action=missing.action_name)
            return JSONResponse({"error": "not found", "action_name": missing.action_name}, status_code=404)
        return JSONResponse(result.model_dump() if hasattr(result, "model_dump") else result)

    return router
