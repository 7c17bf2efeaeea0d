"""The residents' side over HTTP: for tests and for the demo page."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, HTTPException, Response, UploadFile
from pydantic import BaseModel, Field

from tests.local_wechat.acts import Acts, CannotDo
from tests.local_wechat.menu import entry_titled
from tests.local_wechat.pushes import Manner, Push, Pushes
from tests.local_wechat.samples import silence, video
from tests.local_wechat.signin import COOKIE
from tests.local_wechat.users import Resident
from tests.local_wechat.world import World

LONGEST_WAIT = 45.0


class NewResident(BaseModel):
    """Somebody with a phone; `account` is the file's name or the app id."""

    account: str
    name: str | None = Field(default=None, max_length=20)
    open_id: str | None = None


class Act(BaseModel):
    """Everything that an act may need; see `acts`."""

    manner: Manner | None = None
    scene: str = ""
    content: str = ""
    menu_id: str | None = None
    title: str = ""
    description: str = ""
    url: str = ""
    label: str = ""
    latitude: float = 0.0
    longitude: float = 0.0
    template_id: str = ""
    accept: bool = True
    fields: dict[str, Any] = Field(default_factory=dict)


def router(world: World, pushes: Pushes, acts: Acts) -> APIRouter:
    """All addresses below `/local/residents`."""
    routes = APIRouter(prefix="/local/residents")

    def found(open_id: str) -> Resident:
        try:
            return world.resident(open_id)
        except KeyError:
            raise HTTPException(404) from None

    @routes.post("", status_code=201)
    async def add(new: NewResident) -> dict[str, Any]:
        if new.open_id in world.residents:
            return person(world, world.residents[new.open_id])
        try:
            account = world.account(new.account)
        except KeyError:
            raise HTTPException(404) from None
        return person(world, world.add_resident(account.app_id, new.name, new.open_id))

    @routes.get("")
    async def everybody() -> list[dict[str, Any]]:
        return [person(world, resident) for resident in world.residents.values()]

    @routes.post("/{open_id}/hold", status_code=204)
    async def hold(open_id: str, response: Response) -> None:
        response.set_cookie(COOKIE, found(open_id).open_id, httponly=True, samesite="lax")

    @routes.get("/{open_id}/chat")
    async def chat(open_id: str, after: int = 0, version: int | None = None, wait: float = 0.0) -> dict[str, Any]:
        resident = found(open_id)
        if version is not None:
            await resident.newer_than(version, min(wait, LONGEST_WAIT))
        entries = [entry.as_json() for entry in resident.chat[after:]]
        in_flight = sum(push.state == "in_flight" for push in pushes.of(open_id))
        typing = resident.typing_until > world.clock.now()
        return {**person(world, resident), "entries": entries, "in_flight": in_flight, "typing": typing}

    @routes.get("/{open_id}/pushes")
    async def on_the_way(open_id: str) -> list[dict[str, Any]]:
        return [push.as_json() for push in pushes.of(found(open_id).open_id)]

    @routes.post("/{open_id}/media", status_code=202)
    async def media(
        open_id: str,
        kind: Annotated[str, Form()],
        file: Annotated[UploadFile | None, File()] = None,
        manner: Annotated[str | None, Form()] = None,
    ) -> dict[str, Any]:
        samples = {"voice": silence, "video": video, "shortvideo": video}
        if kind not in ("image", *samples) or (file is None and kind not in samples):
            raise HTTPException(422)
        content = samples[kind]() if file is None else await file.read()
        standard = {"image": "image/jpeg", "voice": "audio/amr"}.get(kind, "video/mp4")
        content_type = (file.content_type if file else None) or standard
        how = Manner.model_validate_json(manner) if manner else None
        return done(found(open_id), lambda who: acts.send_media(who, kind, content, content_type, how))

    @routes.post("/{open_id}/{act}", status_code=202)
    async def do(open_id: str, act: str, given: Act) -> dict[str, Any]:
        resident, how = found(open_id), given.manner
        entry = entry_titled(world.accounts[resident.account].menu, given.title)
        if act == "menu" and entry is None:
            raise HTTPException(404)
        doings = {
            "follow": lambda who: acts.follow(who, given.scene, manner=how),
            "unfollow": lambda who: acts.unfollow(who, how),
            "scan": lambda who: acts.scan(who, given.scene, how),
            "text": lambda who: acts.write(who, given.content, given.menu_id, how),
            "location": lambda who: acts.send_place(who, given.latitude, given.longitude, given.label, how),
            "link": lambda who: acts.send_link(who, given.title, given.description, given.url, how),
            "menu": lambda who: acts.press(who, entry or {}, how),
            "agree": lambda who: acts.agree(who, given.template_id, accept=given.accept, manner=how),
            "withdraw": lambda who: acts.withdraw(who, given.template_id, how),
            "custom": lambda who: acts.custom(who, given.fields, how),
        }
        if act == "block_templates":
            resident.blocks_templates = given.accept
            return {"seq": len(resident.chat)}
        if act not in doings:
            raise HTTPException(404)
        return done(resident, doings[act])

    return routes


def done(resident: Resident, act: Any) -> dict[str, Any]:
    """Do it; what was in the chat before, and the push that it caused."""
    before = len(resident.chat)
    try:
        push: Push = act(resident)
    except CannotDo as refused:
        raise HTTPException(409, refused.reason) from None
    return {"seq": before, "push": push.number, "message_id": push.message_id}


def person(world: World, resident: Resident) -> dict[str, Any]:
    """What the phone knows of its holder."""
    return {
        "open_id": resident.open_id,
        "account": resident.account,
        "name": resident.name,
        "following": resident.following,
        "followed_at": resident.followed_at,
        "scene": resident.scene,
        "version": resident.version,
        "agreed": resident.agreed,
        "quota": world.summary(resident),
        "menu": world.accounts[resident.account].menu,
        "now": world.clock.now(),
        "moved_by": world.clock.moved_by,
    }
