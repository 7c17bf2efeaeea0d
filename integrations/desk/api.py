"""The desk's HTTP interface; translating only, the rules are in the property database."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse

from integrations.desk import contact, hotline_api, realtime, service, views
from integrations.desk.auth import (
    AtDesk,
    Doorkeeper,
    current_agent,
    drop_cookie,
    set_cookie,
    sign_out,
    writing_agent,
)
from integrations.desk.presence import note_presence, release_held
from integrations.desk.reach import reach_of
from integrations.desk.schemas import (
    AgentView,
    AlarmView,
    ConversationCard,
    ConversationDetail,
    DeskMessage,
    LoginIn,
    MessagePage,
    OverviewView,
    PhoneView,
    PublicId,
    ReachView,
    RowId,
    SignedInView,
    StatusIn,
    TextIn,
    UploadId,
)
from integrations.gateway.services import Services, services_of
from property_db.conversations import service as conversations
from property_db.conversations.models import Message
from property_db.handoff import service as handoff
from property_db.uploads import service as uploads

router = APIRouter(prefix="/api/desk", tags=["desk"])
router.include_router(hotline_api.router)

ServicesDep = Annotated[Services, Depends(services_of)]
Reading = Annotated[AtDesk, Depends(current_agent)]
Writing = Annotated[AtDesk, Depends(writing_agent)]
ConversationId = Annotated[PublicId, Path()]


def _doorkeeper(request: Request) -> Doorkeeper:
    """One for each application, so that one test's wrong passwords are not another's."""
    state = request.app.state
    if not hasattr(state, "desk_doorkeeper"):
        state.desk_doorkeeper = Doorkeeper()
    keeper: Doorkeeper = state.desk_doorkeeper
    return keeper


@router.post("/login")
async def login(
    body: LoginIn,
    request: Request,
    response: Response,
    services: ServicesDep,
    doorkeeper: Annotated[Doorkeeper, Depends(_doorkeeper)],
) -> SignedInView:
    """Sign in; the cookie carries the session, the token goes into ``X-CSRF-Token`` of every write."""
    address = request.client.host if request.client else ""
    signed_in = await doorkeeper.sign_in(services, address, body.username.strip(), body.password)
    set_cookie(response, signed_in.token, services.settings)
    return SignedInView(agent=views.agent_view(signed_in.agent), csrf_token=signed_in.csrf)


@router.post("/logout", status_code=204)
async def logout(at_desk: Writing, request: Request, response: Response, services: ServicesDep) -> None:
    """Sign out, here and on the pages that the session has open; whom the agent holds waits for somebody else."""
    await sign_out(services, at_desk)
    await release_held(services, at_desk.agent.id)
    drop_cookie(response, services.settings)
    await realtime.end_session(request.app.state.realtime, at_desk.token)
    await realtime.tell_overview(request.app.state.realtime)


@router.get("/me")
async def me(at_desk: Reading) -> SignedInView:
    """Who is signed in."""
    return SignedInView(agent=views.agent_view(at_desk.agent), csrf_token=at_desk.csrf)


@router.put("/me/status")
async def set_status(body: StatusIn, at_desk: Writing, services: ServicesDep) -> AgentView:
    """Take conversations, or not."""
    async with services.database.transaction() as session:
        agent = await handoff.set_status(session, at_desk.agent.id, body.status, services.clock)
        return views.agent_view(agent)


@router.get("/overview")
async def overview(at_desk: Reading, services: ServicesDep) -> OverviewView:
    """The left pane."""
    await note_presence(services, at_desk.agent)
    async with services.database.reading() as session:
        return await views.overview(session, at_desk.agent, services.clock)


@router.post("/queue/{item_id}/take")
async def take(item_id: Annotated[RowId, Path()], at_desk: Writing, services: ServicesDep) -> ConversationCard:
    """Take a waiting conversation."""
    return await _card(services, await service.take(services, at_desk.agent, item_id))


@router.get("/conversations/{public_id}")
async def conversation(public_id: ConversationId, _: Reading, services: ServicesDep) -> ConversationDetail:
    """The middle and the right pane."""
    async with services.database.reading() as session:
        row = await conversations.by_public_id(session, public_id)
        messages = await conversations.after(session, row.id, for_resident=False)
        (card,) = await views.cards(session, [row], services.clock)
        return ConversationDetail(
            conversation=card,
            messages=await views.desk_messages(session, public_id, messages),
            resident=await views.resident_view(session, row, services.clock),
            reach=await reach_of(session, services, row),
        )


@router.get("/conversations/{public_id}/messages")
async def messages(
    public_id: ConversationId,
    _: Reading,
    services: ServicesDep,
    after_seq: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> MessagePage:
    """What came after ``after_seq``, notes included."""
    async with services.database.reading() as session:
        row = await conversations.by_public_id(session, public_id)
        rows = await conversations.after(session, row.id, after_seq, for_resident=False)
        (card,) = await views.cards(session, [row], services.clock)
        return MessagePage(
            messages=await views.desk_messages(session, public_id, rows),
            conversation=card,
            reach=await reach_of(session, services, row),
        )


@router.post("/conversations/{public_id}/join")
async def join(public_id: ConversationId, at_desk: Writing, services: ServicesDep) -> ConversationCard:
    """Step in after an alarm, without the resident having asked for a person."""
    return await _card(services, await service.join(services, at_desk.agent, public_id))


@router.post("/conversations/{public_id}/reply", status_code=201)
async def reply(public_id: ConversationId, body: TextIn, at_desk: Writing, services: ServicesDep) -> DeskMessage:
    """Answer the resident; a repeated ``client_message_id`` gets the message that is there."""
    message = await service.reply(services, at_desk.agent, public_id, body.client_message_id, body.text)
    return await _message(services, public_id, message)


@router.post("/conversations/{public_id}/notes", status_code=201)
async def note(public_id: ConversationId, body: TextIn, at_desk: Writing, services: ServicesDep) -> DeskMessage:
    """Leave a note that only agents see."""
    message = await service.note(services, at_desk.agent, public_id, body.client_message_id, body.text)
    return await _message(services, public_id, message)


@router.post("/conversations/{public_id}/invite")
async def invite(public_id: ConversationId, at_desk: Writing, services: ServicesDep) -> ReachView:
    """Ask a resident back whom no reply reaches any more."""
    conversation_id = await contact.invite(services, at_desk.agent, public_id)
    async with services.database.reading() as session:
        return await reach_of(session, services, await conversations.get(session, conversation_id))


@router.post("/conversations/{public_id}/phone")
async def phone(public_id: ConversationId, at_desk: Writing, services: ServicesDep) -> PhoneView:
    """The resident's whole number; a POST, as every look is recorded."""
    return PhoneView(phone=await contact.phone(services, at_desk.agent, public_id))


@router.post("/conversations/{public_id}/return")
async def give_back(public_id: ConversationId, at_desk: Writing, services: ServicesDep) -> ConversationCard:
    """Let the bot go on."""
    return await _card(services, await service.give_back(services, at_desk.agent, public_id))


@router.post("/conversations/{public_id}/close")
async def close(public_id: ConversationId, at_desk: Writing, services: ServicesDep) -> ConversationCard:
    """End the person's service and ask for stars."""
    return await _card(services, await service.close(services, at_desk.agent, public_id))


@router.post("/alarms/{alarm_id}/acknowledge")
async def acknowledge(
    alarm_id: Annotated[RowId, Path()], at_desk: Writing, request: Request, services: ServicesDep
) -> AlarmView:
    """Note that somebody has seen a danger."""
    alarm = await service.acknowledge(services, at_desk.agent, alarm_id)
    async with services.database.reading() as session:
        (view,) = await views.alarm_views(session, [alarm], services.clock)
    await realtime.tell_overview(request.app.state.realtime)
    return view


@router.get("/uploads/{upload_id}", response_class=FileResponse)
async def uploaded(upload_id: Annotated[UploadId, Path()], _: Reading, services: ServicesDep) -> FileResponse:
    """A resident's picture; whoever may read conversations may see the pictures in them."""
    async with services.database.reading() as session:
        row = await uploads.get(session, upload_id)
    return FileResponse(
        services.settings.upload_dir / row.file_name,
        media_type=row.media_type,
        headers={"Cache-Control": "private, max-age=3600"},
    )


async def _card(services: Services, conversation_id: int) -> ConversationCard:
    async with services.database.reading() as session:
        row = await conversations.get(session, conversation_id)
        (card,) = await views.cards(session, [row], services.clock)
        return card


async def _message(services: Services, public_id: str, message: Message) -> DeskMessage:
    async with services.database.reading() as session:
        (view,) = await views.desk_messages(session, public_id, [message])
        return view
