"""What tests and the demo page do to the platform itself: its clock, faults, tokens, and a look behind the scenes."""

from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

from tests.local_wechat.faults import Fault
from tests.local_wechat.pushes import Manner, Pushes
from tests.local_wechat.templates import TemplateDesk
from tests.local_wechat.wecom import KfWorld
from tests.local_wechat.world import World


class ClockMove(BaseModel):
    """Seconds to move by; None: back to real time."""

    seconds: float | None = None


class Invalidation(BaseModel):
    """A token that shall stop working, see `TokenDesk.invalidate`; `owner` is an app id or a corp id."""

    owner: str
    how: Literal["replaced", "stuck", "expired"] = "replaced"


def router(world: World, pushes: Pushes, templates: TemplateDesk, kf: KfWorld) -> APIRouter:
    """All addresses below `/local` that concern nobody in particular."""
    routes = APIRouter(prefix="/local")

    @routes.get("/state")
    async def state() -> dict[str, Any]:
        accounts: list[dict[str, Any]] = [
            {
                "channel": "wechat",
                "name": account.name,
                "app_id": account.app_id,
                "estate": account.settings.estate,
                "menu": account.menu,
                "templates": [
                    {"kind": kind.value, "id": template.id, "one_time": one_time}
                    for one_time, known in (
                        (False, account.settings.templates),
                        (True, account.settings.one_time_templates),
                    )
                    for kind, template in known.items()
                ],
                "scenes": sorted({made.scene for made in world.tickets.values() if made.account == account.app_id}),
            }
            for account in world.accounts.values()
        ]
        accounts += [
            {
                "channel": "wecom",
                "name": company.settings.name,
                "app_id": company.corp_id,
                "templates": [],
                "scenes": [],
            }
            for company in kf.companies.values()
        ]
        return {"accounts": accounts, "now": world.clock.now(), "moved_by": world.clock.moved_by}

    @routes.post("/clock")
    async def move(by: ClockMove) -> dict[str, float]:
        if by.seconds is None:
            world.clock.reset()
        else:
            world.clock.move(by.seconds)
        world.touch_all()
        kf.touch_all()
        return {"now": world.clock.now(), "moved_by": world.clock.moved_by}

    @routes.post("/faults", status_code=204)
    async def fail(fault: Fault) -> None:
        world.faults.add(fault)

    @routes.get("/faults")
    async def coming() -> list[dict[str, Any]]:
        return world.faults.as_json()

    @routes.delete("/faults", status_code=204)
    async def repair() -> None:
        world.faults.clear()

    @routes.post("/tokens/invalidate", status_code=204)
    async def invalidate(what: Invalidation) -> None:
        world.tokens.invalidate(what.owner, what.how)

    @routes.get("/tokens")
    async def fetches() -> list[dict[str, Any]]:
        return [vars(fetch) for fetch in world.tokens.fetches]

    @routes.post("/templates/missing", status_code=204)
    async def missing(template_ids: list[str]) -> None:
        templates.missing = set(template_ids)

    @routes.get("/calls")
    async def calls(path: str | None = None) -> list[dict[str, Any]]:
        return [vars(call) for call in world.calls if path in (None, call.path)]

    @routes.put("/manner", status_code=204)
    async def usual(manner: Manner) -> None:
        pushes.usual = manner

    @routes.put("/servers", status_code=204)
    async def servers(addresses: list[str]) -> None:
        if not addresses:
            raise HTTPException(422)
        pushes.servers = addresses

    @routes.get("/pushes")
    async def everything(state: str | None = None) -> list[dict[str, Any]]:
        return [push.as_json() for push in pushes.all if state in (None, push.state)]

    @routes.get("/pushes/{number}")
    async def one(number: int) -> dict[str, Any]:
        if not 1 <= number <= len(pushes.all):
            raise HTTPException(404)
        push = pushes.all[number - 1]
        return {**push.as_json(), "fields": {name: str(value) for name, value in push.fields.items()}}

    @routes.post("/pushes/{number}/again", status_code=202)
    async def again(number: int) -> None:
        if not 1 <= number <= len(pushes.all):
            raise HTTPException(404)
        pushes.again(pushes.all[number - 1])

    @routes.post("/accounts/{name}/verify")
    async def verify(name: str, flaw: bool = False) -> dict[str, bool]:
        try:
            account = world.account(name)
        except KeyError:
            raise HTTPException(404) from None
        return {"accepted": await pushes.verify(account, flaw=flaw)}

    return routes
