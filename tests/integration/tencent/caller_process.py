"""A server process reduced to its calls: does what it reads from its input, and answers with one line of JSON each.

Run as ``python -m tests.integration.tencent.caller_process``.
"""

import asyncio
import json
import sys

from pydantic import SecretStr

from integrations.gateway import workers
from integrations.tencent.api import Api
from integrations.tencent.errors import ApiRefused
from integrations.tencent.fetching import OfficialAccountToken, by_account
from integrations.tencent.leases import lease_for
from integrations.tencent.tokens import Tokens
from property_db.clock import Clock
from property_db.database import Database

AT_ONCE = 10


class Caller:
    """What a server process has for one account."""

    def __init__(self, database_url: str, platform_url: str, account: str, redis_url: str | None = None) -> None:
        self._account = account
        self._database, clock = Database(database_url), Clock()
        self._lease = lease_for(redis_url, self._database, clock, workers.new_name())
        fetch = by_account({account: OfficialAccountToken(platform_url, "wx1", SecretStr("secret"))})
        self._tokens = Tokens(self._database, clock, self._lease, fetch)
        self._api = Api(platform_url, account, self._tokens)

    async def do(self, command: str, *words: str) -> object:
        """`get`, `renew TOKEN` or `call`: the token that it ended with, or the code of the refusal."""
        try:
            if command == "get":
                return await self._tokens.get(self._account)
            if command == "renew":
                return await self._tokens.renew(self._account, *words)
            return (await self._api.call("/cgi-bin/message/custom/send", {"text": "您好"}))["with"]
        except ApiRefused as refused:
            return refused.errcode

    async def close(self) -> None:
        """End all connections."""
        await self._api.close()
        await self._lease.close()
        await self._database.dispose()


async def main() -> None:
    """Read `open …`, `close`, or what a caller does; that is done ten times at once."""
    caller: Caller | None = None
    while line := await asyncio.to_thread(sys.stdin.readline):
        command, *words = line.split()
        results: list[object] = []
        if command == "open":
            caller = Caller(*words)
        elif caller is not None and command == "close":
            await caller.close()
        elif caller is not None:
            results = await asyncio.gather(*(caller.do(command, *words) for _ in range(AT_ONCE)))
        sys.stdout.write(json.dumps(results) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
