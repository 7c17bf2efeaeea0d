"""The web chat's HTTP interface; translating only, the rules are in the gateway and the property database."""

from typing import Annotated

from fastapi import APIRouter, Depends, File, Path, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse

from integrations.gateway import pictures
from integrations.gateway.channel import ChosenOption, InboundMessage
from integrations.gateway.errors import ApiError
from integrations.gateway.receiving import rate_conversation
from integrations.gateway.services import Services, services_of
from integrations.gateway.sms import DemoSmsInbox
from integrations.gateway.views import IdentityView, conversation_view, identity_view, message_views
from integrations.webchat.identity import current_identity, external_id_of, new_token
from integrations.webchat.schemas import (
    Bound,
    CodeCheck,
    CodeRequest,
    CodeSent,
    DemoSmsView,
    MessageAccepted,
    MessageIn,
    MessagesView,
    MeView,
    PublicConfig,
    PublicId,
    RatingIn,
    RatingTaken,
    SessionView,
    UploadId,
    UploadView,
)
from property_db.conversations import service as conversations
from property_db.people import service as people
from property_db.people.models import ChannelIdentity
from property_db.uploads import service as uploads

router = APIRouter(prefix="/api/webchat", tags=["webchat"])
public = APIRouter(prefix="/api", tags=["public"])

Identity = Annotated[ChannelIdentity, Depends(current_identity)]
ServicesDep = Annotated[Services, Depends(services_of)]
CODE_SECONDS = 300


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


@router.post("/sessions", status_code=201)
async def start_session(request: Request, services: ServicesDep) -> SessionView:
    """Make a new identity; the token is its only key."""
    services.limits.sessions.check(_address(request))
    token = new_token()
    external_id = external_id_of(token)
    assert external_id is not None
    async with services.database.transaction() as session:
        await people.identity_for(session, "webchat", external_id, services.clock)
    return SessionView(token=token, identity=IdentityView(verified=False))


@router.get("/me")
async def me(identity: Identity, services: ServicesDep) -> MeView:
    """Who this page is for, and its newest conversations."""
    async with services.database.reading() as session:
        latest = await conversations.latest(session, identity.id)
        return MeView(
            conversation_id=latest[-1].public_id if latest else None,
            identity=await identity_view(session, identity.id, services.clock),
            conversations=[await conversation_view(session, conversation) for conversation in latest],
        )


@router.get("/messages")
async def messages(
    identity: Identity,
    services: ServicesDep,
    conversation: Annotated[PublicId, Query()],
    after_seq: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> MessagesView:
    """What came after ``after_seq`` in one of the identity's own conversations."""
    async with services.database.reading() as session:
        row = await conversations.by_public_id(session, conversation, identity.id)
        rows = await conversations.after(session, row.id, after_seq, for_resident=True)
        view = await conversation_view(session, row)
        return MessagesView(
            messages=await message_views(session, row.public_id, rows), state=view.state, conversation=view
        )


@router.post("/messages", status_code=202)
async def send(body: MessageIn, identity: Identity, services: ServicesDep) -> MessageAccepted:
    """Take a message in. It is stored when this answers; a repeated one gets the same answer."""
    services.limits.messages.check(identity.external_id)
    received = await services.inbox.receive(
        InboundMessage(
            channel="webchat",
            external_id=identity.external_id,
            client_message_id=body.client_message_id,
            text=body.text,
            choice=ChosenOption(body.choice.seq, body.choice.id, body.choice.conversation_id) if body.choice else None,
            upload_ids=tuple(body.upload_ids),
        )
    )
    async with services.database.reading() as session:
        (view,) = await message_views(session, received.conversation.public_id, [received.message])
    return MessageAccepted(message=view)


@router.post("/uploads", status_code=201)
async def upload(identity: Identity, services: ServicesDep, file: Annotated[UploadFile, File()]) -> UploadView:
    """Keep a picture, to be named by a message afterwards."""
    services.limits.uploads.check(identity.external_id)
    limit = services.settings.upload_limit_bytes
    raw = await file.read(limit + 1)
    if len(raw) > limit:
        raise ApiError(413, "upload_too_large", limit_mb=limit // (1024 * 1024))
    picture = await pictures.cleaned(raw)
    async with services.database.transaction() as session:
        row = await pictures.keep(session, identity.id, picture, services.settings.upload_dir, services.clock)
    return UploadView(id=row.id, media_type=row.media_type, width=row.width, height=row.height)


@router.get("/uploads/{upload_id}", response_class=FileResponse)
async def uploaded(identity: Identity, services: ServicesDep, upload_id: Annotated[UploadId, Path()]) -> FileResponse:
    """A picture that this identity sent."""
    async with services.database.reading() as session:
        row = await uploads.of_identity(session, upload_id, identity.id)
    return FileResponse(
        pictures.stored_file(services.settings.upload_dir, row.file_name),
        media_type=row.media_type,
        headers={"Cache-Control": "private, max-age=86400"},
    )


@router.post("/bindings/code", status_code=202)
async def request_code(body: CodeRequest, request: Request, identity: Identity, services: ServicesDep) -> CodeSent:
    """Send a code to a phone the company knows; the answer is the same for one it does not know."""
    services.limits.codes.check(_address(request))
    async with services.database.transaction() as session:
        issued = await people.request_code(session, identity.id, body.phone, services.clock)
    if issued is not None:
        await services.sms.send_code(issued.phone, issued.code)
    return CodeSent(expires_in=CODE_SECONDS)


@router.post("/bindings/verify")
async def verify_code(body: CodeCheck, identity: Identity, services: ServicesDep) -> Bound:
    """Bind the homes of the person whose phone received the code."""
    async with services.database.transaction() as session:
        await people.verify_code(session, identity.id, body.phone, body.code, services.clock)
        return Bound(identity=await identity_view(session, identity.id, services.clock))


@router.delete("/bindings")
async def unbind(identity: Identity, services: ServicesDep) -> Bound:
    """Forget who this page is for."""
    async with services.database.transaction() as session:
        await people.unbind(session, identity.id, services.clock)
    return Bound(identity=IdentityView(verified=False))


@router.post("/ratings", status_code=201)
async def rate(body: RatingIn, identity: Identity, services: ServicesDep) -> RatingTaken:
    """Stars for the person who helped; closes the conversation."""
    async with services.database.transaction() as session:
        conversation = await conversations.by_public_id(session, body.conversation_id, identity.id)
        events = await rate_conversation(session, conversation, body.stars, body.comment, services.clock)
    services.hub.publish(*events)
    return RatingTaken(conversation_id=body.conversation_id, stars=body.stars)


@public.get("/config")
async def config(services: ServicesDep) -> PublicConfig:
    """What pages need to know before they have a session."""
    settings = services.settings
    return PublicConfig(
        demo=settings.demo,
        company_name=settings.company_name,
        text_limit=settings.text_limit,
        upload_limit_bytes=settings.upload_limit_bytes,
    )


@public.get("/demo/sms")
async def demo_sms(services: ServicesDep, response: Response) -> list[DemoSmsView]:
    """The demo's SMS inbox; does not exist outside demo mode."""
    if not (services.settings.demo and isinstance(services.sms, DemoSmsInbox)):
        raise ApiError(404, "not_found")
    response.headers["Cache-Control"] = "no-store"
    return [DemoSmsView(phone=m.phone, code=m.code, text=m.text, at=m.at) for m in services.sms.messages]
