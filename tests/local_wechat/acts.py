"""What a resident can do with the phone: each puts a line into the chat, opens a window, and pushes to the server."""

from typing import Any

from tests.local_wechat.pushes import Manner, Push, Pushes
from tests.local_wechat.users import Contact, Resident
from tests.local_wechat.world import World


class CannotDo(Exception):
    """The phone does not offer this now; `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Acts:
    """Residents' doings."""

    def __init__(self, world: World, pushes: Pushes) -> None:
        self._world = world
        self._pushes = pushes

    def follow(self, resident: Resident, scene: str = "", ticket: str = "", manner: Manner | None = None) -> Push:
        """Follow the account, from a QR code where there is a scene."""
        if resident.following:
            raise CannotDo("following")
        resident.following = True
        resident.followed_at = self._world.clock.now()
        resident.scene = scene
        event = {"MsgType": "event", "Event": "subscribe", "EventKey": f"qrscene_{scene}" if scene else ""}
        if ticket:
            event["Ticket"] = ticket
        return self._event(resident, event, "action", "follow", manner)

    def unfollow(self, resident: Resident, manner: Manner | None = None) -> Push:
        """Unfollow: no message reaches the phone any more."""
        self._must_follow(resident)
        resident.following = False
        resident.ledger.close()
        return self._event(
            resident, {"MsgType": "event", "Event": "unsubscribe", "EventKey": ""}, None, "unfollow", manner
        )

    def scan(self, resident: Resident, scene: str, manner: Manner | None = None) -> Push:
        """Scan a QR code; who does not follow yet then follows."""
        now = self._world.clock.now()
        known = [
            made
            for made in self._world.tickets.values()
            if made.account == resident.account and made.scene == scene and not made.is_over(now)
        ]
        ticket = known[-1].ticket if known else f"made-up-{scene}"
        if not resident.following:
            return self.follow(resident, scene, ticket, manner)
        event = {"MsgType": "event", "Event": "SCAN", "EventKey": scene, "Ticket": ticket}
        return self._event(resident, event, "action", "scan", manner)

    def write(self, resident: Resident, content: str, menu_id: str | None = None, manner: Manner | None = None) -> Push:
        """Send a text; `menu_id` where it comes from a link that was offered."""
        fields: dict[str, Any] = {"MsgType": "text", "Content": content}
        if menu_id is not None:
            fields["bizmsgmenuid"] = menu_id
        return self._message(resident, fields, content, {}, manner)

    def send_media(
        self, resident: Resident, kind: str, content: bytes, content_type: str, manner: Manner | None = None
    ) -> Push:
        """Send a picture, a voice message or a video."""
        self._must_follow(resident)
        media = self._world.store(resident.account, kind, content, content_type)
        fields: dict[str, Any] = {"MsgType": kind}
        if kind == "image":
            fields["PicUrl"] = f"{self._world.url}/mmbiz/{media.media_id}"
        fields["MediaId"] = media.media_id
        if kind == "voice":
            fields["Format"] = "amr"
        if kind in ("video", "shortvideo"):
            fields["ThumbMediaId"] = self._world.store(resident.account, "thumb", b"", "image/jpeg").media_id
        return self._message(resident, fields, "", {"url": f"/mmbiz/{media.media_id}"}, manner)

    def send_place(
        self, resident: Resident, latitude: float, longitude: float, label: str, manner: Manner | None = None
    ) -> Push:
        """Send a location."""
        fields = {
            "MsgType": "location",
            "Location_X": latitude,
            "Location_Y": longitude,
            "Scale": 16,
            "Label": label,
        }
        return self._message(resident, fields, label, {"latitude": latitude, "longitude": longitude}, manner)

    def send_link(
        self, resident: Resident, title: str, description: str, url: str, manner: Manner | None = None
    ) -> Push:
        """Share a page."""
        fields = {"MsgType": "link", "Title": title, "Description": description, "Url": url}
        return self._message(resident, fields, title, {"description": description, "url": url}, manner)

    def press(self, resident: Resident, entry: dict[str, Any], manner: Manner | None = None) -> Push:
        """Press an entry of the account's menu."""
        self._must_follow(resident)
        if entry["type"] == "view":
            event = {"MsgType": "event", "Event": "VIEW", "EventKey": entry["url"]}
            return self._event(resident, event, None, None, manner)
        event = {"MsgType": "event", "Event": "CLICK", "EventKey": entry["key"]}
        return self._event(resident, event, "action", "menu", manner, entry["name"])

    def agree(self, resident: Resident, template_id: str, *, accept: bool = True, manner: Manner | None = None) -> Push:
        """Answer the question whether a one-time message may come."""
        if accept:
            resident.agreed[template_id] = resident.agreed.get(template_id, 0) + 1
        status = "accept" if accept else "reject"
        item = {"TemplateId": template_id, "SubscribeStatusString": status, "PopupScene": 2}
        event = {
            "MsgType": "event",
            "Event": "subscribe_msg_popup_event",
            "SubscribeMsgPopupEvent": {"List": item},
        }
        return self._event(resident, event, None, None, manner)

    def withdraw(self, resident: Resident, template_id: str, manner: Manner | None = None) -> Push:
        """Switch a template off in the account's settings on the phone."""
        resident.agreed.pop(template_id, None)
        item = {"TemplateId": template_id, "SubscribeStatusString": "reject"}
        event = {
            "MsgType": "event",
            "Event": "subscribe_msg_change_event",
            "SubscribeMsgChangeEvent": {"List": item},
        }
        return self._event(resident, event, None, None, manner)

    def custom(self, resident: Resident, fields: dict[str, Any], manner: Manner | None = None) -> Push:
        """Push anything, for kinds of messages that have no place here."""
        return self._pushes.send(resident, fields, manner)

    def _message(
        self, resident: Resident, fields: dict[str, Any], words: str, details: dict[str, Any], manner: Manner | None
    ) -> Push:
        self._must_follow(resident)
        self._world.contact(resident, "message")
        push = self._pushes.send(resident, fields, manner)
        now = self._world.clock.now()
        kind = str(fields["MsgType"])
        resident.show("resident", "said", kind, words, now, message_id=push.message_id, details=details)
        return push

    def _event(
        self,
        resident: Resident,
        event: dict[str, Any],
        contact: Contact | None,
        shown: str | None,
        manner: Manner | None,
        words: str = "",
    ) -> Push:
        if contact is not None:
            self._world.contact(resident, contact)
        push = self._pushes.send(resident, event, manner)
        if shown is not None:
            resident.show("resident", "event", shown, words, self._world.clock.now())
        return push

    def _must_follow(self, resident: Resident) -> None:
        if not resident.following:
            raise CannotDo("not_following")
