"""A company's own data from CSV: all of a file or nothing, and every fault named."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from property_db.clock import SettableClock
from property_db.database import Database
from property_db.estates.models import HomeState
from property_db.fees import service as fees
from property_db.fees.models import BillState
from property_db.imports import service as imports
from property_db.imports.service import ImportRefused, ImportReport, KindUnknown
from property_db.models import Bill, Binding, FeeItem, Home, Notice, Payment, Person
from property_db.notices.models import NoticeKind, NoticeState
from property_db.people.models import Role

HOMES = "小区,楼栋,单元,房号,建筑面积,状态\n"
PEOPLE = "姓名,手机号,小区,楼栋,单元,房号,身份,开始日期,结束日期\n"
BILLS = "小区,楼栋,单元,房号,费用,账期,应收金额,到期日,已缴金额,缴费日期,违约金,单价,计费面积,月数,上次读数,本次读数\n"
NOTICES = "小区,楼栋,单元,类型,停供项目,标题,正文,开始时间,结束时间,状态\n"


async def _load(database: Database, kind: str, text: str | bytes, clock: SettableClock) -> ImportReport:
    data = text if isinstance(text, bytes) else text.encode()
    async with database.transaction() as session:
        return await imports.load(session, kind, data, clock)


async def _faults(database: Database, kind: str, text: str | bytes, clock: SettableClock) -> list[tuple[int, str, str]]:
    with pytest.raises(ImportRefused) as refused:
        await _load(database, kind, text, clock)
    return [(error.line, error.column, error.reason) for error in refused.value.errors]


async def _count(database: Database, model: type) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count(model.id))) or 0


@pytest.fixture
async def homes(database: Database, clock: SettableClock) -> None:
    """Two homes of 翠湖花园."""
    await _load(
        database, "homes", HOMES + "翠湖花园,3栋,2单元,501,89.50,已入住\n翠湖花园,3,2,502室,118.2,空置\n", clock
    )


@pytest.mark.parametrize("kind", imports.KINDS)
async def test_every_template_can_be_imported_as_it_is(
    database: Database, homes: None, clock: SettableClock, kind: str
) -> None:
    report = await _load(database, kind, imports.template(kind), clock)
    assert report.rows == 1


async def test_homes_come_with_their_estate_building_and_unit(database: Database, homes: None) -> None:
    async with database.reading() as session:
        rows = list(await session.scalars(select(Home).order_by(Home.room)))
    assert [(home.label, home.area_hundredths, home.state) for home in rows] == [
        ("翠湖花园3栋2单元501", 8950, HomeState.OCCUPIED),
        ("翠湖花园3栋2单元502", 11820, HomeState.VACANT),
    ]


async def test_importing_homes_again_brings_them_up_to_date(
    database: Database, homes: None, clock: SettableClock
) -> None:
    report = await _load(database, "homes", HOMES + "翠湖花园,3,2,501,90.00,装修中\n翠湖花园,4,1,101,75,\n", clock)
    assert (report.created, report.updated) == (1, 1)
    async with database.reading() as session:
        home = (await session.scalars(select(Home).where(Home.room == "501"))).one()
    assert (home.area_hundredths, home.state) == (9000, HomeState.RENOVATING)


async def test_one_bad_row_keeps_the_whole_file_out_and_every_fault_is_named(
    database: Database, clock: SettableClock
) -> None:
    text = HOMES + "翠湖花园,3,2,501,89.50,已入住\n,3,2,502,abc,租出\n翠湖花园,3,2,501,-1,\n翠湖花园,3,2,503,1.234,\n"
    assert await _faults(database, "homes", text, clock) == [
        (3, "小区", "不能为空"),
        (3, "建筑面积", "“abc”不是数字"),
        (3, "状态", "“租出”无法识别，可以填：已入住、入住、空置、未交付、装修中、装修"),
        (4, "房号", "与第 2 行重复"),
        (4, "建筑面积", "不能是负数"),
        (5, "建筑面积", "“1.234”最多保留 2 位小数"),
    ]
    assert await _count(database, Home) == 0


async def test_excels_own_encoding_and_blank_lines_are_understood(database: Database, clock: SettableClock) -> None:
    text = HOMES + '\n翠湖花园,3,2,501,"1,089.50",\n,,,,,\n'
    report = await _load(database, "homes", text.encode("gb18030"), clock)
    assert report.rows == 1
    async with database.reading() as session:
        assert await session.scalar(select(Home.area_hundredths)) == 108950


@pytest.mark.parametrize(
    ("data", "column", "reason"),
    [
        (b"", "", "文件是空的"),
        (HOMES.encode(), "", "没有数据行"),
        (b"\xff\xfe\x00\x01\x02\xd8", "", "不是文本"),
        ("小区,楼栋,单元,房号\n".encode(), "建筑面积", "缺少这一列"),
        (HOMES.replace("状态", "备注").encode(), "备注", "不认识这一列"),
        (HOMES.replace("状态", "小区").encode(), "小区", "出现了两次"),
    ],
)
async def test_a_file_that_is_no_template_is_refused_at_its_first_line(
    database: Database, clock: SettableClock, data: bytes, column: str, reason: str
) -> None:
    ((line, found_column, found_reason),) = await _faults(database, "homes", data, clock)
    assert (line, found_column) == (1, column)
    assert reason in found_reason


async def test_a_row_with_too_many_cells_is_named(database: Database, clock: SettableClock) -> None:
    ((line, _, reason),) = await _faults(database, "homes", HOMES + "翠湖花园,3,2,501,89.5,空置,多,余\n", clock)
    assert line == 2
    assert "双引号" in reason


async def test_lines_are_counted_as_an_editor_shows_them(database: Database, homes: None, clock: SettableClock) -> None:
    text = NOTICES + '翠湖花园,,,公告,,标题,"第一行\n第二行",,,\n不存在,,,公告,,标题,正文,,,\n'
    assert await _faults(database, "notices", text, clock) == [(4, "小区", "找不到“不存在”，请先导入房屋")]


async def test_an_unknown_kind_is_refused(database: Database, clock: SettableClock) -> None:
    with pytest.raises(KindUnknown):
        await _load(database, "cars", "", clock)
    with pytest.raises(KindUnknown):
        imports.template("cars")


async def test_people_are_bound_to_their_homes(database: Database, homes: None, clock: SettableClock) -> None:
    rows = (
        "王建国,13800138000,翠湖花园,3,2,501,业主,2024/5/1,\n"
        "王建国,13800138000,翠湖花园,3,2,502,业主,,\n"
        "陈思远,13700137000,翠湖花园,3,2,502,租户,20250101,2026.12.31\n"
    )
    report = await _load(database, "people", PEOPLE + rows, clock)
    assert (report.created, report.updated) == (3, 0)
    assert await _count(database, Person) == 2
    async with database.reading() as session:
        tenant = (await session.scalars(select(Binding).where(Binding.role == Role.TENANT))).one()
    assert (tenant.starts_on, tenant.ends_on) == (date(2025, 1, 1), date(2026, 12, 31))
    again = await _load(database, "people", PEOPLE + rows.replace("王建国", "王大国"), clock)
    assert (again.created, again.updated) == (0, 3)
    async with database.reading() as session:
        assert set(await session.scalars(select(Person.name))) == {"王大国", "陈思远"}


async def test_what_is_wrong_with_people_is_named(database: Database, homes: None, clock: SettableClock) -> None:
    rows = (
        "王建国,13800138000,翠湖花园,3,2,501,业主,,\n"
        "李秀英,13800138000,翠湖花园,3,2,502,业主,,\n"
        "陈,12345,翠湖花园,3,2,999,房客,2026-13-01,\n"
        "赵,13600136000,翠湖花园,3,2,502,租户,2026-05-01,2026-04-01\n"
        "王建国,13800138000,翠湖花园,3,2,501,家人,,\n"
    )
    assert await _faults(database, "people", PEOPLE + rows, clock) == [
        (3, "姓名", "手机号 13800138000 在第 2 行是另一个姓名"),
        (4, "手机号", "“12345”不是 11 位手机号"),
        (4, "房号", "找不到这套房屋，请先导入房屋，或核对小区、楼栋、单元、房号"),
        (4, "身份", "“房客”无法识别，可以填：业主、家人、家庭成员、租户、租客、其他"),
        (4, "开始日期", "“2026-13-01”不是日期，请写成 2026-11-30"),
        (5, "结束日期", "早于开始"),
        (6, "手机号", "与第 2 行重复"),
    ]
    assert await _count(database, Person) == 0


async def test_imported_bills_can_be_explained(database: Database, homes: None, clock: SettableClock) -> None:
    rows = (
        "翠湖花园,3,2,501,物业费,2026-10,250.60,2026-10-31,100,2026-10-09,1.88,2.80,89.50,1,,\n"
        "翠湖花园,3,2,501,水费,2026年10月,¥37.95,2026-11-20,,,,3.45,,,107,118\n"
        "翠湖花园,3,2,501,停车费,202611,150,2026-11-30,150,2026-11-02,,,,,,\n"
    )
    report = await _load(database, "bills", BILLS + rows, clock)
    assert (report.created, report.updated) == (3, 0)
    async with database.reading() as session:
        home = (await session.scalars(select(Home).where(Home.room == "501"))).one()
        owed = await fees.arrears(session, [home], clock=clock)
        why_area = await fees.explain(session, [home], "物业费", clock=clock)
        why_water = await fees.explain(session, [home], "水费", clock=clock)
        paid = await fees.payments(session, [home])
        parking = (await session.scalars(select(Bill).join(FeeItem).where(FeeItem.name == "停车费"))).one()
    assert owed.total_fen == 25060 - 10000 + 188 + 3795
    assert why_area.proven
    assert why_water.proven
    assert why_water.usage == "11"
    assert [(payment.amount_fen, payment.fee_type) for payment in paid] == [(15000, "停车费"), (10000, "物业费")]
    assert paid[1].paid_at == datetime(2026, 10, 9, 4, tzinfo=UTC)
    assert (parking.state, parking.inputs) == (BillState.PAID, {})

    again = await _load(database, "bills", BILLS + rows.replace(",100,", ",200,"), clock)
    assert (again.created, again.updated) == (0, 3)
    assert await _count(database, Payment) == 2


async def test_what_is_wrong_with_bills_is_named(database: Database, homes: None, clock: SettableClock) -> None:
    home = "翠湖花园,3,2,501"
    rows = (
        f"{home},物业费,2026-10,250.61,2026-10-31,,,,2.80,89.50,1,,\n"
        f"{home},管理费,十月,-5,月底,,,,,,,,\n"
        f"{home},水费,2026-10,10,2026-11-20,,,,3.45,,,118,107\n"
        f"{home},水费,2026-09,10,2026-11-20,,,,3.45,,,,107\n"
        f"{home},停车费,2026-10,10,2026-11-20,11,2026-11-01,,,,,,\n"
        f"{home},停车费,2026-09,10,2026-11-20,5,,,,,,,\n"
    )
    assert await _faults(database, "bills", BILLS + rows, clock) == [
        (2, "应收金额", "应收金额与计费数据不符：按数据应为 250.60 元"),
        (3, "费用", "“管理费”无法识别，可以填：物业费、水费、电费、燃气费、停车费、公摊费、取暖费、垃圾费"),
        (3, "账期", "“十月”不是账期，请写成 2026-11"),
        (3, "应收金额", "不能是负数"),
        (3, "到期日", "“月底”不是日期，请写成 2026-11-30"),
        (4, "本次读数", "小于上次读数"),
        (5, "上次读数", "计费数据不全，请补上“上次读数”"),
        (6, "已缴金额", "已缴金额大于应收金额与违约金之和"),
        (7, "缴费日期", "有已缴金额时要填写缴费日期"),
    ]
    assert await _count(database, Bill) == 0


async def test_the_same_bill_twice_or_by_another_method_is_refused(
    database: Database, homes: None, clock: SettableClock
) -> None:
    row = "翠湖花园,3,2,501,物业费,2026-10,250.60,2026-10-31,,,,2.80,89.50,1,,\n"
    assert await _faults(database, "bills", BILLS + row + row, clock) == [(3, "账期", "与第 2 行重复")]
    await _load(database, "bills", BILLS + row, clock)
    meter = "翠湖花园,3,2,502,物业费,2026-10,37.95,2026-11-20,,,,3.45,,,107,118\n"
    assert await _faults(database, "bills", BILLS + meter, clock) == [(2, "费用", "与小区“物业费”的计费方式不一致")]


async def test_notices_are_imported_with_their_place_and_time(
    database: Database, homes: None, clock: SettableClock
) -> None:
    rows = (
        "翠湖花园,3栋,,停供,水,3栋停水,检修,2026-11-22 09:00,2026/11/22 17:00,发布\n"
        "翠湖花园,3,2,公告,,提示,请注意,,,草稿\n"
    )
    await _load(database, "notices", NOTICES + rows, clock)
    async with database.reading() as session:
        outage, draft = list(await session.scalars(select(Notice).order_by(Notice.id)))
    assert (outage.kind, outage.utility, outage.state) == (NoticeKind.OUTAGE, "水", NoticeState.PUBLISHED)
    assert outage.starts_at == datetime(2026, 11, 22, 1, tzinfo=UTC)
    assert outage.published_at == clock.now()
    assert (draft.state, draft.published_at) == (NoticeState.DRAFT, None)
    assert draft.unit_id is not None
    again = await _load(database, "notices", NOTICES + rows.replace("检修", "抢修").replace("草稿", "发布"), clock)
    assert (again.created, again.updated) == (0, 2)
    async with database.reading() as session:
        assert (await session.get_one(Notice, outage.id)).body == "抢修"
        assert (await session.get_one(Notice, draft.id)).published_at == clock.now()


async def test_what_is_wrong_with_notices_is_named(database: Database, homes: None, clock: SettableClock) -> None:
    rows = (
        "翠湖花园,9,,停供,,标题,正文,明天,,\n"
        "翠湖花园,3,7,停供,汽油,标题,正文,2026-11-22 09:00,2026-11-22 08:00,\n"
        "翠湖花园,,,公告,,同一条,正文,,,\n翠湖花园,,,公告,,同一条,正文,,,\n"
    )
    assert await _faults(database, "notices", NOTICES + rows, clock) == [
        (2, "楼栋", "找不到“9”，请先导入房屋"),
        (2, "停供项目", "停供通知要填写停供项目"),
        (2, "开始时间", "“明天”不是时间，请写成 2026-11-30 09:00"),
        (3, "单元", "找不到“7”，请先导入房屋"),
        (3, "停供项目", "“汽油”无法识别，可以填：水、电、燃气、暖气、网络、电梯"),
        (3, "结束时间", "早于开始"),
        (5, "标题", "与第 4 行重复"),
    ]
    assert await _count(database, Notice) == 0
