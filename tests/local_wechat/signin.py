"""Signing in to a page with WeChat: who holds the phone is told to the page by a code."""

import html
import re
from urllib.parse import urlencode, urlsplit, urlunsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from tests.local_wechat.texts import text
from tests.local_wechat.world import World

COOKIE = "local_wechat_resident"
_STATE = re.compile(r"[A-Za-z0-9]{0,128}")
_PAGE = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    '<title>{title}</title><link rel="stylesheet" href="/page/phone.css">'
    '<body class="plain"><main><h1>{title}</h1>{inside}</main></body></html>'
)


def router(world: World) -> APIRouter:
    """`/connect/oauth2/authorize`, as a resident's browser opens it.

    The page of the phone leaves a cookie that says who holds it; without one the resident is asked.
    """
    routes = APIRouter()

    @routes.get("/connect/oauth2/authorize")
    async def authorize(request: Request) -> Response:
        query = request.query_params
        account = world.accounts.get(query.get("appid", ""))
        target = urlsplit(query.get("redirect_uri", ""))
        wrong = account is None or query.get("response_type") != "code" or query.get("scope") != "snsapi_base"
        if account is None or wrong or target.scheme not in ("http", "https") or not target.netloc:
            return HTMLResponse(status_code=400)
        if not _STATE.fullmatch(query.get("state", "")):
            return HTMLResponse(status_code=400)
        resident = world.residents.get(query.get("as") or request.cookies.get(COOKIE, ""))
        if resident is None or resident.account != account.app_id:
            return HTMLResponse(_who(world, account.app_id, dict(query)))
        code = world.sign_in(account.app_id, resident.open_id)
        resident.followed_at = resident.followed_at or world.clock.now()
        carried = urlencode({"code": code.code, "state": query.get("state", "")})
        joined = f"{target.query}&{carried}" if target.query else carried
        return RedirectResponse(urlunsplit(target._replace(query=joined, fragment="")), 302)

    return routes


def _who(world: World, app_id: str, query: dict[str, str]) -> str:
    people = [resident for resident in world.residents.values() if resident.account == app_id]
    items = "".join(
        f'<li><a href="?{html.escape(urlencode({**query, "as": person.open_id}))}">{html.escape(person.name)}</a></li>'
        for person in people
    )
    inside = f"<ul>{items}</ul>" if items else f"<p>{html.escape(text('sign_in_none'))}</p>"
    return _PAGE.format(title=html.escape(text("sign_in_title")), inside=inside)
