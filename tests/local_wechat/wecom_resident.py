"""What customers of WeCom customer service do, over HTTP: for tests and for the demo page."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, HTTPException, UploadFile
from pydantic import BaseModel

from tests.local_wechat.resident import LONGEST_WAIT, Act, NewResident
from tests.local_wechat.samples import silence, video
from tests.local_wechat.wecom import ENDED, NEW, SERVED, WELCOME_AGAIN_AFTER, Customer, KfWorld


class Quiet(BaseModel):
    """`silent`: callbacks get lost. `gaps`: so many empty pages with more behind them come first."""

    silent: bool | None = None
    gaps: int | None = None


def router(kf: KfWorld) -> APIRouter:
    """All addresses below `/local/wecom`."""
    routes = APIRouter(prefix="/local/wecom")

    def found(user_id: str) -> Customer:
        if user_id not in kf.customers:
            raise HTTPException(404)
        return kf.customers[user_id]

    @routes.put("/manner", status_code=204)
    async def manner(how: Quiet) -> None:
        kf.silent = kf.silent if how.silent is None else how.silent
        for company in kf.companies.values():
            company.gaps = company.gaps if how.gaps is None else how.gaps

    @routes.post("/companies/{name}/verify")
    async def verify(name: str, flaw: bool = False) -> dict[str, bool]:
        try:
            return {"accepted": await kf.verify(kf.company(name), flaw=flaw)}
        except KeyError:
            raise HTTPException(404) from None

    @routes.post("/customers", status_code=201)
    async def add(new: NewResident) -> dict[str, Any]:
        if new.open_id in kf.customers:
            return person(kf, kf.customers[new.open_id])
        try:
            company = kf.company(new.account)
        except KeyError:
            raise HTTPException(404) from None
        ids = [account.id for account in company.settings.open_kfids]
        open_kfid = new.account if new.account in ids else ids[0]
        return person(kf, kf.add(company, open_kfid, new.name, new.open_id))

    @routes.get("/customers")
    async def everybody() -> list[dict[str, Any]]:
        return [person(kf, customer) for customer in kf.customers.values()]

    @routes.post("/customers/{user_id}/hold", status_code=204)
    async def hold(user_id: str) -> None:
        found(user_id)

    @routes.get("/customers/{user_id}/chat")
    async def chat(user_id: str, after: int = 0, version: int | None = None, wait: float = 0.0) -> dict[str, Any]:
        customer = found(user_id)
        if version is not None:
            await customer.newer_than(version, min(wait, LONGEST_WAIT))
        in_flight = sum(push["state"] == "in_flight" for push in kf.notified[user_id])
        entries = [entry.as_json() for entry in customer.chat[after:]]
        return {**person(kf, customer), "entries": entries, "in_flight": in_flight, "typing": False}

    @routes.get("/customers/{user_id}/pushes")
    async def pushes(user_id: str) -> list[dict[str, Any]]:
        return kf.notified[found(user_id).open_id]

    @routes.post("/customers/{user_id}/media", status_code=202)
    async def media(
        user_id: str, kind: Annotated[str, Form()], file: Annotated[UploadFile | None, File()] = None
    ) -> dict[str, Any]:
        samples = {"voice": silence, "video": video}
        if kind not in ("image", *samples) or (file is None and kind not in samples):
            raise HTTPException(422)
        customer = found(user_id)
        content = samples[kind]() if file is None else await file.read()
        standard = {"image": "image/jpeg", "voice": "voice/amr"}.get(kind, "video/mp4")
        stored = kf.world.store(customer.account, kind, content, (file.content_type if file else None) or standard)
        details = {"url": f"/mmbiz/{stored.media_id}"}
        return says(kf, customer, kind, {"media_id": stored.media_id}, "", details)

    @routes.post("/customers/{user_id}/{act}", status_code=202)
    async def do(user_id: str, act: str, given: Act) -> dict[str, Any]:
        customer = found(user_id)
        match act:
            case "enter":
                return enters(kf, customer, given.scene)
            case "text":
                content = {"content": given.content} | ({"menu_id": given.menu_id} if given.menu_id else {})
                return says(kf, customer, "text", content, given.content)
            case "location":
                place = {"latitude": given.latitude, "longitude": given.longitude, "name": given.label, "address": ""}
                return says(kf, customer, "location", place, given.label, place)
            case "link":
                link = {"title": given.title, "desc": given.description, "url": given.url, "pic_url": ""}
                return says(kf, customer, "link", link, given.title, {"description": given.description})
            case "end":
                return ends(kf, customer)
            case "served":
                customer.state = SERVED
                event = {"event_type": "session_status_change", "change_type": 1, "new_servicer_userid": "somebody"}
                return logged(kf, customer, event)
            case "fail":
                event = {"event_type": "msg_send_fail", "fail_msgid": given.content, "fail_type": 4}
                return logged(kf, customer, event)
            case _:
                raise HTTPException(404)

    return routes


def says(
    kf: KfWorld,
    customer: Customer,
    kind: str,
    content: dict[str, Any],
    words: str,
    details: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The customer sends something: a window opens, and a session that was over starts anew."""
    before, now = len(customer.chat), kf.world.clock.now()
    customer.following = True
    customer.followed_at = customer.followed_at or now
    customer.state = NEW if customer.state == ENDED else customer.state
    customer.ledger.contact("message", now)
    msgid = kf.log(customer, kind, content)
    customer.show("resident", "said", kind, words, now, message_id=msgid, details=details)
    return {"seq": before, "push": len(kf.notified[customer.open_id]), "message_id": msgid}


def enters(kf: KfWorld, customer: Customer, scene: str) -> dict[str, Any]:
    """The customer opens the chat; a code for a greeting comes with it, but not twice within 48 hours."""
    now = kf.world.clock.now()
    before = len(customer.chat)
    quiet_for = now - max(customer.welcomed_at, customer.last_contact() or float("-inf"))
    customer.following = True
    customer.followed_at = now
    event = {"event_type": "enter_session", "scene": scene, "scene_param": ""}
    if quiet_for > WELCOME_AGAIN_AFTER:
        event["welcome_code"] = kf.code_for(customer)
    customer.show("resident", "event", "enter", "", now)
    return {**logged(kf, customer, event), "seq": before}


def ends(kf: KfWorld, customer: Customer) -> dict[str, Any]:
    """Somebody at the company ends the session; a code for a last message comes with it."""
    customer.state = ENDED
    code = kf.code_for(customer)
    return logged(kf, customer, {"event_type": "session_status_change", "change_type": 3, "msg_code": code})


def logged(kf: KfWorld, customer: Customer, event: dict[str, Any]) -> dict[str, Any]:
    """Write an event of the platform into the log."""
    before = len(customer.chat)
    msgid = kf.log(customer, "event", event, origin=4)
    return {"seq": before, "push": len(kf.notified[customer.open_id]), "message_id": msgid}


def person(kf: KfWorld, customer: Customer) -> dict[str, Any]:
    """What the phone knows of its holder, in the form of `resident.person`."""
    clock = kf.world.clock
    return {
        "open_id": customer.open_id,
        "account": customer.account,
        "open_kfid": customer.open_kfid,
        "name": customer.name,
        "following": customer.following,
        "followed_at": customer.followed_at,
        "state": customer.state,
        "scene": "",
        "version": customer.version,
        "agreed": {},
        "quota": kf.world.summary(customer),
        "menu": None,
        "now": clock.now(),
        "moved_by": clock.moved_by,
    }
