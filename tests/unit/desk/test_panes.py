"""What an agent sees of residents: enough to help, and no more."""

from datetime import date

from sqlalchemy import event

from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Direction
from property_db.fees.models import Bill, FeeItem, Method
from property_db.people.scope import homes_of_identity
from property_db.uploads import service as uploads
from tests.unit.desk.conftest import Arrive, Browser, Resident, World


async def _owes(world: World, resident: Resident, fen: int) -> None:
    async with world.database.transaction() as session:
        (home,) = await homes_of_identity(session, resident.conversation.identity_id, world.clock)
        item = FeeItem(
            estate_id=home.estate_id,
            code="wy",
            name="物业费",
            method=Method.AREA_PRICE,
            unit_price=28000,
            cycle_months=1,
        )
        session.add(item)
        await session.flush()
        session.add(
            Bill(
                home_id=home.id,
                fee_item_id=item.id,
                period="2026-10",
                amount_fen=fen,
                due_on=date(2026, 10, 31),
                inputs={"area": "89.50", "unit_price": "2.80", "months": 1},
            )
        )


async def test_the_resident_is_masked_everywhere(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    await wang.says("我家还欠多少")
    await _owes(world, wang, 25060)
    item = await wang.asks_for_a_person()
    await wang.reports_gas()
    seen = [await xiaoli.http.get("/overview")]
    await xiaoli.post(f"/queue/{item}/take")
    seen += [await xiaoli.http.get(path) for path in ("/overview", f"/conversations/{wang.id}")]
    for answer in seen:
        assert "王建国" not in answer.text
        assert "13800138000" not in answer.text
    detail = seen[-1].json()
    assert detail["resident"]["name_masked"] == "王**"
    assert detail["resident"]["phone_masked"] == "138****8000"
    assert detail["resident"]["homes"] == [
        {"label": "翠湖花园3栋2单元501", "state": "occupied", "area": "89.50", "role": "owner"}
    ]
    (bill,) = detail["resident"]["bills"]
    assert detail["resident"]["arrears_fen"] == bill["owed_fen"] >= 25060
    assert (bill["title"], bill["overdue"]) == ("物业费 2026-10", True)


async def test_of_somebody_not_verified_nothing_of_a_household_is_shown(xiaoli: Browser, arrive: Arrive) -> None:
    stranger = await arrive()
    await stranger.says("你好")
    detail = await xiaoli.get(f"/conversations/{stranger.id}")
    assert detail["resident"] == {
        "verified": False,
        "name_masked": "",
        "phone_masked": None,
        "homes": [],
        "arrears_fen": 0,
        "bills": [],
        "tickets": [],
        "past": [],
    }
    assert detail["conversation"]["resident_name"] == ""


async def test_the_whole_transcript_with_notes_and_without_payloads(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    wang = await arrive("王建国")
    await wang.says("你好")
    async with world.database.transaction() as session:
        await conversations.append(
            session,
            wang.conversation.id,
            direction=Direction.OUT,
            author=Author.BOT,
            blocks=[
                {"kind": "choices", "prompt": None, "options": [{"id": "1", "title": "转人工", "payload": "/secret"}]}
            ],
            clock=world.clock,
        )
    await xiaoli.post(f"/conversations/{wang.id}/notes", client_message_id="note-0001", text="注意")
    answer = await xiaoli.http.get(f"/conversations/{wang.id}")
    assert "/secret" not in answer.text
    messages = answer.json()["messages"]
    assert [(m["seq"], m["author"], m["note"]) for m in messages] == [
        (1, "resident", False),
        (2, "bot", False),
        (3, "agent", True),
    ]
    page = await xiaoli.get(f"/conversations/{wang.id}/messages?after_seq=2")
    assert [m["seq"] for m in page["messages"]] == [3]
    assert page["conversation"]["last_seq"] == 3


async def test_the_queue_shows_who_waits_since_when_and_what_it_is_about(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    wang, stranger, third = await arrive("王建国"), await arrive(), await arrive()
    await wang.says("水管  爆了\n快来")
    await wang.says("转人工")
    await wang.says("已为您转接", author=Author.BOT)
    first = await wang.asks_for_a_person()
    world.clock.advance(minutes=3)
    second = await stranger.asks_for_a_person("我要找人")
    world.clock.advance(minutes=3)
    await third.asks_for_a_person("engine_down")
    waiting = (await xiaoli.get("/overview"))["waiting"]
    assert [(q["id"], q["resident_name"], q["home"], q["preview"], q["reason"]) for q in waiting[:2]] == [
        (first, "王**", "翠湖花园3栋2单元501", "水管 爆了 快来", "asked"),
        (second, "", None, "我要找人", "asked"),
    ]
    assert (waiting[2]["reason"], waiting[2]["preview"]) == ("engine_down", "")
    assert waiting[0]["waiting_since"] < waiting[1]["waiting_since"]
    assert waiting[0]["kind"] == "chat"


async def test_mine_and_others_are_told_apart(xiaoli: Browser, xiaozhang: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    await xiaoli.post(f"/queue/{await wang.asks_for_a_person()}/take")
    mine, theirs = await xiaoli.get("/overview"), await xiaozhang.get("/overview")
    assert [c["id"] for c in mine["mine"]] == [c["id"] for c in theirs["others"]] == [wang.id]
    assert mine["others"] == theirs["mine"] == mine["waiting"] == []
    assert theirs["others"][0]["agent_name"] == "小李"


async def test_how_long_the_resident_waits_for_an_answer(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    await wang.says("你好")
    asked = world.clock.now()
    item = await wang.asks_for_a_person()
    world.clock.advance(minutes=5)
    await xiaoli.post(f"/queue/{item}/take")

    async def awaiting() -> str | None:
        (card,) = (await xiaoli.get("/overview"))["mine"]
        since: str | None = card["awaiting_since"]
        return since

    assert await awaiting() == asked.isoformat().replace("+00:00", "Z"), "from the moment they asked for a person"
    await xiaoli.post(f"/conversations/{wang.id}/reply", client_message_id="reply-0001", text="您好")
    assert await awaiting() is None
    first = await wang.says("在吗")
    await wang.says("？")
    assert await awaiting() == first.created_at.isoformat().replace("+00:00", "Z")
    await xiaoli.post(f"/conversations/{wang.id}/notes", client_message_id="note-0001", text="稍等")
    assert await awaiting() is not None, "a note is no answer"


async def test_an_alarm_names_the_place_until_somebody_has_seen_it(
    world: World, xiaoli: Browser, xiaozhang: Browser, arrive: Arrive
) -> None:
    wang = await arrive("王建国")
    alarm = await wang.reports_gas()
    (shown,) = (await xiaoli.get("/overview"))["alarms"]
    assert (shown["id"], shown["kind"], shown["home"], shown["conversation_id"]) == (
        alarm,
        "gas",
        "翠湖花园3栋2单元501",
        wang.id,
    )
    await xiaoli.post(f"/alarms/{alarm}/acknowledge")
    again = await xiaozhang.post(f"/alarms/{alarm}/acknowledge")
    assert again["acknowledged_by"] == "小李", "the first one stays noted"
    assert (await xiaoli.get("/overview"))["alarms"] == []
    assert "overview" in world.realtime.names()


async def test_past_conversations_newest_first_and_without_this_one(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    wang = await arrive("王建国")
    earlier = []
    for n in range(3):
        await wang.says(f"第{n}次")
        earlier.append(wang.id)
        world.clock.advance(hours=13)
        async with world.database.transaction() as session:
            wang.conversation = await conversations.open_for(
                session, "webchat", wang.conversation.identity_id, world.clock
            )
    await xiaoli.login()
    past = (await xiaoli.get(f"/conversations/{wang.id}"))["resident"]["past"]
    assert [(c["id"], c["preview"], c["state"]) for c in past] == [
        (earlier[2], "第2次", "closed"),
        (earlier[1], "第1次", "closed"),
        (earlier[0], "第0次", "closed"),
    ]


async def test_an_agent_sees_a_residents_picture(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    folder = world.services.settings.upload_dir
    folder.mkdir(parents=True)
    (folder / "tap.jpg").write_bytes(b"jpeg")
    async with world.database.transaction() as session:
        row = await uploads.add(
            session,
            wang.conversation.identity_id,
            media_type="image/jpeg",
            size=4,
            width=1,
            height=1,
            file_name="tap.jpg",
        )
    answer = await xiaoli.http.get(f"/uploads/{row.id}")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"jpeg", "image/jpeg")
    assert "private" in answer.headers["cache-control"]
    assert (await xiaoli.http.get(f"/uploads/{'f' * 32}")).status_code == 404


async def test_a_long_queue_costs_no_more_queries_than_a_short_one(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    statements: list[str] = []
    event.listen(
        world.database.engine.sync_engine,
        "before_cursor_execute",
        lambda *args: statements.append(args[2]),
    )

    async def cost() -> int:
        await xiaoli.get("/overview")  # notes the sign of life, which costs a write now and then
        statements.clear()
        await xiaoli.get("/overview")
        return len(statements)

    await (await arrive("王建国")).asks_for_a_person()
    short = await cost()
    for n in range(8):
        resident = await arrive(f"李{n}", phone=f"1390000000{n}")
        await resident.says("你好")
        await resident.asks_for_a_person()
    assert await cost() == short
