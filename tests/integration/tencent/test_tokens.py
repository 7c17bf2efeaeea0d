"""One process's view of the shared token: when it is fetched, when not, and what happens when it cannot be."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from integrations.tencent.errors import ApiRefused, ApiUnreachable, Refusal
from integrations.tencent.leases import DatabaseLease, Lease, LeaseUnavailable, RedisLease, lease_for
from integrations.tencent.tokens import Fetched, Tokens
from property_db.channels import tokens as rows
from property_db.clock import SettableClock
from property_db.database import Database

ACCOUNT = "wechat:wx1"


class Fetches:
    """What the platform answers, in order; the last one for ever."""

    def __init__(self, *answers: Fetched | Exception) -> None:
        self.answers = list(answers)
        self.forced: list[bool] = []

    async def __call__(self, account_key: str, force: bool) -> Fetched:
        assert account_key.startswith("wechat:")
        self.forced.append(force)
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def lease(database: Database, clock: SettableClock) -> Lease:
    return DatabaseLease(database, clock, "here|1|a")


async def stored(database: Database) -> tuple[str, str | None]:
    async with database.reading() as session:
        row = await rows.read(session, ACCOUNT)
    assert row is not None
    return row.token, row.lease_owner


async def test_a_token_is_used_until_five_minutes_before_its_end(
    database: Database, clock: SettableClock, lease: Lease
) -> None:
    fetch = Fetches(("A", 7200), ("B", 7200))
    tokens = Tokens(database, clock, lease, fetch)
    assert await tokens.get(ACCOUNT) == "A"
    clock.advance(seconds=7200 - 301)
    assert await tokens.get(ACCOUNT) == "A"
    clock.advance(seconds=1)
    assert await tokens.get(ACCOUNT) == "B"
    assert fetch.forced == [False, False]
    assert await stored(database) == ("B", None)


async def test_a_token_that_is_nearly_over_when_it_comes_is_not_fetched_for_every_call(
    database: Database, clock: SettableClock, lease: Lease
) -> None:
    fetch = Fetches(("A", 100))
    tokens = Tokens(database, clock, lease, fetch)
    for _ in range(5):
        assert await tokens.get(ACCOUNT) == "A"
    assert len(fetch.forced) == 1
    clock.advance(seconds=50)
    await tokens.get(ACCOUNT)
    assert len(fetch.forced) == 2


async def test_another_process_reads_the_token_and_fetches_none(
    database: Database, clock: SettableClock, lease: Lease
) -> None:
    await Tokens(database, clock, lease, Fetches(("A", 7200))).get(ACCOUNT)
    fetch = Fetches(("B", 7200))
    assert await Tokens(database, clock, lease, fetch).get(ACCOUNT) == "A"
    assert fetch.forced == []


async def test_what_somebody_else_renewed_meanwhile_is_taken_without_fetching(
    database: Database, clock: SettableClock, lease: Lease
) -> None:
    ours, theirs = Fetches(("A", 7200), ("C", 7200)), Fetches(("B", 7200))
    tokens = Tokens(database, clock, lease, ours)
    assert await tokens.get(ACCOUNT) == "A"
    assert await Tokens(database, clock, lease, theirs).renew(ACCOUNT, "A") == "B"
    assert await tokens.renew(ACCOUNT, "A") == "B"
    assert await tokens.get(ACCOUNT) == "B"
    assert ours.forced == [False]


async def test_only_a_token_that_comes_back_is_forced_and_at_most_once_an_hour(
    database: Database, clock: SettableClock, lease: Lease
) -> None:
    fetch = Fetches(("A", 7200), ("A", 7200), ("B", 7200))
    tokens = Tokens(database, clock, lease, fetch)
    await tokens.get(ACCOUNT)
    assert await tokens.renew(ACCOUNT, "A") == "B"
    assert fetch.forced == [False, False, True]
    for _ in range(3):
        with pytest.raises(ApiRefused) as refused:
            await tokens.renew(ACCOUNT, "B")
        assert refused.value.refusal is Refusal.TOKEN
    assert fetch.forced == [False, False, True, False]  # the second and third time it is remembered
    clock.advance(seconds=3601)
    fetch.answers = [("B", 7200), ("C", 7200)]
    assert await tokens.renew(ACCOUNT, "B") == "C"
    assert fetch.forced[4:] == [False, True]


@pytest.mark.parametrize(
    "failure", [ApiRefused(40125, "invalid appsecret"), ApiUnreachable(sent=True, reason="ReadTimeout")]
)
async def test_a_failed_fetch_is_not_repeated_for_ten_seconds(
    database: Database, clock: SettableClock, lease: Lease, failure: Exception
) -> None:
    fetch = Fetches(failure)
    tokens = Tokens(database, clock, lease, fetch)
    outcomes = await asyncio.gather(*(tokens.get(ACCOUNT) for _ in range(20)), return_exceptions=True)
    assert len(fetch.forced) == 1
    for outcome in outcomes:
        if isinstance(failure, ApiRefused):
            assert isinstance(outcome, ApiRefused)
            assert (outcome.errcode, outcome.refusal) == (40125, Refusal.TOKEN)
        else:
            assert isinstance(outcome, ApiUnreachable)
            assert not outcome.sent  # what was sent was not the caller's message
    assert await stored(database) == ("", None)
    clock.advance(seconds=10)
    fetch.answers = [("A", 7200)]
    assert await tokens.get(ACCOUNT) == "A"


async def test_the_old_token_serves_while_the_platform_gives_no_new_one(
    database: Database, clock: SettableClock, lease: Lease
) -> None:
    fetch = Fetches(("A", 7200), ApiUnreachable(sent=True))
    tokens = Tokens(database, clock, lease, fetch)
    await tokens.get(ACCOUNT)
    clock.advance(seconds=7200 - 200)
    assert await tokens.get(ACCOUNT) == "A"
    clock.advance(seconds=200)
    with pytest.raises(ApiUnreachable):
        await tokens.get(ACCOUNT)


async def test_accounts_do_not_wait_for_each_other(database: Database, clock: SettableClock, lease: Lease) -> None:
    begun = asyncio.Event()

    async def fetch(account_key: str, _: bool) -> Fetched:
        if account_key == "wechat:slow":
            begun.set()
            await asyncio.Event().wait()
        return "A", 7200

    tokens = Tokens(database, clock, lease, fetch)
    slow = asyncio.create_task(tokens.get("wechat:slow"))
    await begun.wait()
    assert await tokens.get(ACCOUNT) == "A"
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_a_fetch_that_comes_after_its_lease_does_not_replace_a_newer_token(
    database: Database, clock: SettableClock, lease: Lease
) -> None:
    async def fetch(_: str, __: bool) -> Fetched:
        async with database.transaction() as session:  # somebody whose lease came next was faster
            await rows.store(session, ACCOUNT, "newer", clock.now() + timedelta(hours=1), replaces="")
        return "late", 7200

    assert await Tokens(database, clock, lease, fetch).get(ACCOUNT) == "newer"
    assert (await stored(database))[0] == "newer"


@pytest.fixture
async def two_leases(
    keeper: str | None, database: Database, clock: SettableClock
) -> AsyncIterator[tuple[Lease, Lease, str]]:
    """The leases of two processes, and a name that nobody holds."""
    first, second = (lease_for(keeper, database, clock, worker) for worker in ("here|1|a", "here|2|b"))
    yield first, second, f"wechat:{id(first)}:{clock.now().timestamp()}"
    await first.close()
    await second.close()


async def test_a_lease_has_one_holder_and_is_given_back(two_leases: tuple[Lease, Lease, str]) -> None:
    first, second, name = two_leases
    async with first.hold(name, 30) as held:
        assert held
        async with second.hold(name, 30) as also, first.hold(name, 30) as again:
            assert not also
            assert not again
        async with second.hold(name, 30) as still:
            assert not still
    with pytest.raises(ZeroDivisionError):
        async with second.hold(name, 30) as held:
            assert held
            _ = 1 / 0
    async with first.hold(name, 30) as held:
        assert held


async def test_a_lease_whose_holder_died_ends_by_itself(database: Database, clock: SettableClock) -> None:
    first, second = (DatabaseLease(database, clock, worker) for worker in ("here|1|a", "here|2|b"))
    async with first.hold(ACCOUNT, 30) as held:
        assert held
        clock.advance(seconds=29)
        async with second.hold(ACCOUNT, 30) as too_early:
            assert not too_early
        clock.advance(seconds=1)
        async with second.hold(ACCOUNT, 30) as after:
            assert after
            owner = (await stored(database))[1]
            assert owner is not None
            assert owner.startswith("here|2|b")
    assert (await stored(database))[1] is None


async def test_who_lost_a_lease_does_not_give_back_the_next_ones(database: Database, clock: SettableClock) -> None:
    first, second = (DatabaseLease(database, clock, worker) for worker in ("here|1|a", "here|2|b"))
    async with second.hold(ACCOUNT, 0) as nobody:
        assert nobody
        async with first.hold(ACCOUNT, 30) as held:
            assert held
    async with first.hold(ACCOUNT, 0) as lost:
        assert lost
        taken = second.hold(ACCOUNT, 30)
        assert await taken.__aenter__()
    assert ((await stored(database))[1] or "").startswith("here|2|b")
    await taken.__aexit__(None, None, None)


async def test_a_redis_that_does_not_answer_costs_no_token_but_time(database: Database, clock: SettableClock) -> None:
    lease = RedisLease("redis://127.0.0.1:1/0")
    with pytest.raises(LeaseUnavailable):
        async with lease.hold(ACCOUNT, 30):
            raise AssertionError("held")
    fetch = Fetches(("A", 7200))
    with pytest.raises(ApiUnreachable) as unreachable:
        await Tokens(database, clock, lease, fetch).get(ACCOUNT)
    assert not unreachable.value.sent
    assert fetch.forced == []
    await lease.close()


async def test_a_token_appears_in_no_representation_and_no_log(
    database: Database, clock: SettableClock, lease: Lease, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "57_very-secret-token"
    tokens = Tokens(database, clock, lease, Fetches((secret, 7200)))
    assert await tokens.get(ACCOUNT) == secret
    with pytest.raises(ApiRefused) as refused:
        await tokens.renew(ACCOUNT, secret)
    printed = capsys.readouterr()
    for text in (printed.out, printed.err, repr(vars(tokens)), repr(refused.value), repr(vars(refused.value))):
        assert secret not in text
