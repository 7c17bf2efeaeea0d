"""Binding a home from WeChat: sign in at WeChat, then prove a telephone number on our page.

``GET /wechat/{name}/bind`` sends the browser to WeChat, ``GET /wechat/{name}/bound`` takes it back and shows the page
``/bind``, whose script carries the ticket as a bearer token. The rules of codes and limits are in
``property_db.people.service``, as for the web chat. No address that we redirect to comes from the request.
"""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

import httpx
import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import FileResponse, RedirectResponse

from integrations.gateway import pages
from integrations.gateway.errors import ApiError
from integrations.gateway.services import Services, services_of
from integrations.gateway.views import IdentityView, identity_view
from integrations.webchat.schemas import Bound, CodeCheck, CodeRequest, CodeSent
from integrations.wechat import oauth
from integrations.wechat.accounts import Account
from integrations.wechat.signed_in import SignedIn, SignIns, cookie_name, signed_in
from property_db.channels import single_use
from property_db.errors import DomainError
from property_db.people import service as people

PAGE = "bind"
CALLBACK = "/wechat/{name}/bound"
COOKIE_SECONDS = int((oauth.STATE_LIVES + oauth.TICKET_LIVES).total_seconds())
# A page of one form: nothing from elsewhere, and no frame around it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_NO_STORE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
log = structlog.get_logger()

browser = APIRouter(include_in_schema=False)
router = APIRouter(prefix="/api/wechat/binding", tags=["wechat"])

ServicesDep = Annotated[Services, Depends(services_of)]
SignedInDep = Annotated[SignedIn, Depends(signed_in)]


def install_binding(
    app: FastAPI, services: Services, accounts: Mapping[str, Account], transport: httpx.AsyncBaseTransport | None = None
) -> None:
    """Add the routes of binding; before the front ends are mounted, or they would hide the page.

    Args:
        transport: another way to WeChat, for tests.
    """
    app.state.sign_ins = SignIns(accounts, services, transport)
    app.include_router(browser)
    app.include_router(router)


def _sign_ins(request: Request) -> SignIns:
    sign_ins: SignIns = request.app.state.sign_ins
    return sign_ins


SignInsDep = Annotated[SignIns, Depends(_sign_ins)]


@browser.get("/wechat/{name}/bind")
async def begin(name: str, request: Request, services: ServicesDep, sign_ins: SignInsDep) -> RedirectResponse:
    """Send a resident to WeChat to say who they are."""
    account = sign_ins.account(name)
    callback = services.settings.public(CALLBACK.format(name=name))
    if callback is None:
        log.error("wechat.binding_without_public_url", account=name)
        return _to_page(account, problem=oauth.Problem.CLOSED)
    try:
        services.limits.sessions.check(_address(request))
    except ApiError:
        return _to_page(account, problem=oauth.Problem.BUSY)
    # The same value again where the browser has one: a second tab must not break the first.
    kept = request.cookies.get(cookie_name(services.settings))
    token = kept if kept is not None and oauth.is_browser(kept) else oauth.new_browser()
    state = sign_ins.of(account).new_state(token)
    answer = RedirectResponse(oauth.authorize_url(account, callback, state), status_code=302, headers=_NO_STORE)
    secure = callback.startswith("https:")
    answer.set_cookie(
        cookie_name(services.settings), token, max_age=COOKIE_SECONDS, httponly=True, samesite="lax", secure=secure
    )
    return answer


@browser.get(CALLBACK)
async def come_back(
    name: str, request: Request, services: ServicesDep, sign_ins: SignInsDep, code: str = "", state: str = ""
) -> RedirectResponse:
    """Take a resident back from WeChat, once for each state, and only in the browser that began."""
    account = sign_ins.account(name)
    cookie = request.cookies.get(cookie_name(services.settings))
    try:
        services.limits.sessions.check(_address(request))
        sign_in = sign_ins.of(account)
        good = sign_in.check_state(state, cookie)
        async with services.database.transaction() as session:
            first = await single_use.take(session, good.text, good.expires_at, services.clock)
        if not first or not code:
            raise oauth.SignInFailed(oauth.Problem.EXPIRED)
        open_id = await sign_ins.open_id_for(account, code)
    except oauth.SignInFailed as failed:
        log.info("wechat.sign_in_failed", account=name, problem=failed.problem.value, errcode=failed.errcode)
        return _to_page(account, problem=failed.problem)
    except (ApiError, DomainError):  # too many at once, or a database that is busy
        return _to_page(account, problem=oauth.Problem.BUSY)
    assert cookie is not None
    return _to_page(account, ticket=f"{name}.{sign_in.new_ticket(open_id, cookie)}")


@browser.get(f"/{PAGE}")
async def page() -> FileResponse:
    """The page; the same for everybody, so only its script knows whom it is for."""
    file = pages.WEBCHAT / f"{PAGE}.html"
    if not file.is_file():
        raise ApiError(404, "not_found")
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "Referrer-Policy": "no-referrer"}
    return FileResponse(file, headers=headers)


@router.get("")
async def bound_now(who: SignedInDep, services: ServicesDep) -> Bound:
    """The homes that are bound already."""
    async with services.database.reading() as session:
        identity = await people.find_identity(session, "wechat", who.external_id)
        if identity is None:
            return Bound(identity=IdentityView(verified=False))
        return Bound(identity=await identity_view(session, identity.id, services.clock))


@router.post("/code", status_code=202)
async def request_code(body: CodeRequest, request: Request, who: SignedInDep, services: ServicesDep) -> CodeSent:
    """Send a code to a phone the company knows; the answer is the same for one it does not know."""
    services.limits.codes.check(_address(request))
    async with services.database.transaction() as session:
        identity = await people.identity_for(session, "wechat", who.external_id, services.clock)
        issued = await people.request_code(session, identity.id, body.phone, services.clock)
    if issued is not None:
        await services.sms.send_code(issued.phone, issued.code)
    return CodeSent(expires_in=int(people.CODE_LIVES.total_seconds()))


@router.post("/verify")
async def verify_code(body: CodeCheck, who: SignedInDep, services: ServicesDep) -> Bound:
    """Bind the homes of the person whose phone received the code; uses the ticket up."""
    async with services.database.transaction() as session:
        identity = await people.identity_for(session, "wechat", who.external_id, services.clock)
        await people.verify_code(session, identity.id, body.phone, body.code, services.clock)
        # In the same transaction: either the home is bound and the ticket is gone, or neither.
        if not await single_use.take(session, who.ticket.nonce, who.ticket.expires_at, services.clock):
            raise ApiError(401, "unauthorized")
        return Bound(identity=await identity_view(session, identity.id, services.clock))


def _to_page(account: Account, *, ticket: str = "", problem: oauth.Problem | None = None) -> RedirectResponse:
    # The ticket goes behind the #, which browsers send to no server and in no Referer.
    query = {"account": account.name} if problem is None else {"account": account.name, "problem": problem.value}
    fragment = f"#{ticket}" if ticket else ""
    return RedirectResponse(f"/{PAGE}?{urlencode(query)}{fragment}", status_code=302, headers=_NO_STORE)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
