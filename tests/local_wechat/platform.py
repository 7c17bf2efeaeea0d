"""The Official Account's API: tokens, customer-service messages, media, QR codes, menus, sign-in."""

import re
from typing import Any

from fastapi.responses import Response

from tests.local_wechat.dispatch import Context, Endpoint
from tests.local_wechat.errcodes import OK, PlatformError
from tests.local_wechat.menu import checked_menu
from tests.local_wechat.reply import TEXT_BYTES
from tests.local_wechat.world import World

TYPING_SECONDS = 15.0
TYPING_AFTER = 30.0
_SCENE = re.compile(r"[^\x00-\x1f]{1,64}")


class Platform:
    """What the server calls."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> dict[str, Endpoint]:
        """All calls by their path."""
        return {
            "/cgi-bin/stable_token": Endpoint(self._stable_token, token=False),
            "/cgi-bin/message/custom/send": Endpoint(self._custom_send),
            "/cgi-bin/message/custom/typing": Endpoint(self._typing),
            "/cgi-bin/media/get": Endpoint(self._media, post=False),
            "/cgi-bin/qrcode/create": Endpoint(self._qrcode),
            "/cgi-bin/menu/create": Endpoint(self._menu_create),
            "/cgi-bin/menu/get": Endpoint(self._menu_get, post=False),
            "/cgi-bin/menu/delete": Endpoint(self._menu_delete, post=False),
            "/cgi-bin/getcallbackip": Endpoint(self._addresses, post=False),
            "/cgi-bin/get_api_domain_ip": Endpoint(self._addresses, post=False),
            "/cgi-bin/user/info": Endpoint(self._user_info, post=False),
            "/cgi-bin/clear_quota": Endpoint(self._clear_quota),
            "/sns/oauth2/access_token": Endpoint(self._oauth_token, token=False, post=False),
        }

    def _stable_token(self, context: Context) -> dict[str, Any]:
        if context.text("grant_type") != "client_credential":
            raise PlatformError(40002)
        self._check_secret(context.text("appid"), context.text("secret"))
        force = context.body.get("force_refresh") is True
        token, seconds = self._world.tokens.issue(context.text("appid"), force=force)
        return {"access_token": token, "expires_in": seconds}

    def _check_secret(self, app_id: str, secret: str) -> None:
        account = self._world.accounts.get(app_id)
        if account is None:
            raise PlatformError(40013)
        if account.settings.app_secret.get_secret_value() != secret:
            raise PlatformError(40125)

    def _custom_send(self, context: Context) -> dict[str, Any]:
        resident = self._world.reached(context.owner, context.body.get("touser"))
        kind, words, details = self._content(context)
        now = self._world.clock.now()
        if not resident.following or not resident.ledger.open(now):
            raise PlatformError(45015)
        best = resident.ledger.best(now)
        if best is None or best.left == 0:
            raise PlatformError(45047)
        resident.ledger.spend(now)
        resident.show("account", "custom", kind, words, now, details=details)
        return OK

    def _content(self, context: Context) -> tuple[str, str, dict[str, Any]]:
        kind = context.text("msgtype")
        inner = context.body.get(kind) if kind else None
        if not isinstance(inner, dict):
            raise PlatformError(40008)
        if kind == "text":
            words = context.text("text", "content")
            if not words:
                raise PlatformError(44004)
            if len(words.encode("utf-8", "surrogatepass")) > TEXT_BYTES:
                raise PlatformError(45002)
            return kind, words, {}
        if kind == "image":
            self._world.fetch(context.owner, context.text("image", "media_id"))
            return kind, "", inner
        if kind == "msgmenu":
            lines = [str(entry.get("content", "")) for entry in inner.get("list", []) if isinstance(entry, dict)]
            words = "\n".join([str(inner.get("head_content", "")), *lines, str(inner.get("tail_content", ""))])
            return kind, words.strip(), inner
        raise PlatformError(40008)

    def _typing(self, context: Context) -> dict[str, Any]:
        resident = self._world.reached(context.owner, context.body.get("touser"))
        command = context.text("command")
        if command not in ("Typing", "CancelTyping"):
            raise PlatformError(45072)
        now = self._world.clock.now()
        if not resident.following or now - resident.last_contact() > TYPING_AFTER:
            raise PlatformError(45080)
        if command == "Typing" and resident.typing_until > now:
            raise PlatformError(45081)
        resident.typing_until = now + TYPING_SECONDS if command == "Typing" else 0.0
        resident.touch()
        return OK

    def _media(self, context: Context) -> Response | dict[str, Any]:
        media = self._world.fetch(context.owner, context.query.get("media_id", ""))
        if media.kind == "video":
            return {"video_url": f"{self._world.url}/mmbiz/{media.media_id}"}
        name = f'attachment; filename="{media.media_id[:20]}"'
        return Response(media.content, media_type=media.content_type, headers={"Content-Disposition": name})

    def _qrcode(self, context: Context) -> dict[str, Any]:
        action = context.text("action_name")
        scenes = context.body.get("action_info")
        inner = scenes.get("scene") if isinstance(scenes, dict) else None
        inner = inner if isinstance(inner, dict) else {}
        scene = str(inner.get("scene_str" if "_STR_" in action else "scene_id", ""))
        kinds = ("QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE")
        if action not in kinds or not _SCENE.fullmatch(scene):
            raise PlatformError(85060)
        permanent = "LIMIT" in action
        lasts = float(context.body.get("expire_seconds") or 60)
        ticket = self._world.make_ticket(context.owner, scene, permanent=permanent, lasts=lasts)
        self._world.touch_all()
        answer: dict[str, Any] = {"ticket": ticket.ticket, "url": f"{self._world.url}/q/{ticket.ticket}"}
        return answer if permanent else {**answer, "expire_seconds": int(lasts)}

    def _menu_create(self, context: Context) -> dict[str, Any]:
        self._world.accounts[context.owner].menu = checked_menu(context.body)
        self._world.touch_all()
        return OK

    def _menu_get(self, context: Context) -> dict[str, Any]:
        menu = self._world.accounts[context.owner].menu
        if menu is None:
            raise PlatformError(46003)
        return {"menu": {"button": menu}}

    def _menu_delete(self, context: Context) -> dict[str, Any]:
        self._world.accounts[context.owner].menu = None
        self._world.touch_all()
        return OK

    def _addresses(self, context: Context) -> dict[str, Any]:
        return {"ip_list": self._world.accounts[context.owner].addresses}

    def _user_info(self, context: Context) -> dict[str, Any]:
        resident = self._world.reached(context.owner, context.query.get("openid"))
        if not resident.following:
            return {"subscribe": 0, "openid": resident.open_id}
        return {
            "subscribe": 1,
            "openid": resident.open_id,
            "language": "zh_CN",
            "subscribe_time": int(resident.followed_at),
            "subscribe_scene": "ADD_SCENE_QR_CODE" if resident.scene else "ADD_SCENE_SEARCH",
            "qr_scene": 0,
            "qr_scene_str": resident.scene,
        }

    def _clear_quota(self, context: Context) -> dict[str, Any]:
        if context.text("appid") != context.owner:
            raise PlatformError(40013)
        return OK

    def _oauth_token(self, context: Context) -> dict[str, Any]:
        query = context.query
        self._check_secret(query.get("appid", ""), query.get("secret", ""))
        if query.get("grant_type") != "authorization_code":
            raise PlatformError(40002)
        open_id = self._world.redeem(query["appid"], query.get("code", ""))
        token = f"oauth_{self._world.message_id()}"
        answer = {"access_token": token, "expires_in": 7200, "refresh_token": token, "openid": open_id}
        return {**answer, "scope": "snsapi_base"}
