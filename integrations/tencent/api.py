"""Calls to the platform in an account's name."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import structlog
from sqlalchemy.exc import SQLAlchemyError

from integrations.tencent.errors import ApiRefused, ApiUnreachable, Refusal
from integrations.tencent.exchange import ANSWER_LIMIT, Answer, BeforeBytes, Exchange
from integrations.tencent.tokens import Tokens
from property_db.errors import DomainError

log = structlog.get_logger()


class Api:
    """One account's calls.

    Args:
        api_base: the platform's address, ``account.api_base``.
        account_key: ``account.key``, under which ``tokens`` knows the account.
        transport: in place of sockets, for tests; ``before_bytes`` is then awaited right before it is asked.
    """

    def __init__(
        self, api_base: str, account_key: str, tokens: Tokens, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._account_key = account_key
        self._tokens = tokens
        self._exchange = Exchange(api_base, transport)

    async def call(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        before_bytes: BeforeBytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """POST ``body`` as JSON, or GET where there is none, and return the answer's fields.

        A token that is refused is renewed once and the call repeated once.

        Args:
            path: such as ``/cgi-bin/message/custom/send``.
            before_bytes: awaited exactly once per attempt, when the token is known and the connection is open, right
                before the first byte is written. When it raises, nothing was written and its error is the caller's.
            params: beside the token.

        Raises:
            ApiRefused: the platform said no, or gives no token (``TOKEN``).
            ApiUnreachable: no answer; unless ``sent``, the request never left.
            TooLarge: the answer has more than 4 MiB.
        """
        return await self._with_token(path, body, params, ANSWER_LIMIT, before_bytes, Answer.fields)

    async def download(self, path: str, params: Mapping[str, str], limit_bytes: int) -> tuple[bytes, str]:
        """A file and its content type.

        Raises:
            ApiRefused: the platform answered with an error in place of a file.
            ApiUnreachable: no answer.
            TooLarge: the file has more than ``limit_bytes``.
        """
        return await self._with_token(path, None, params, limit_bytes, None, _file)

    async def close(self) -> None:
        """Close the connections."""
        await self._exchange.close()

    async def _with_token[T](
        self,
        path: str,
        body: Mapping[str, Any] | None,
        params: Mapping[str, str] | None,
        limit: int,
        before_bytes: BeforeBytes | None,
        read: Callable[[Answer], T],
    ) -> T:
        async def attempt(token: str) -> T:
            allowed = {**(params or {}), "access_token": token}
            return read(await self._exchange.ask(path, allowed, body, limit=limit, before_bytes=before_bytes))

        token = await self._token()
        try:
            return await attempt(token)
        except ApiRefused as refused:
            if refused.refusal is not Refusal.TOKEN:
                raise
            log.info("tencent.token_refused", account=self._account_key, errcode=refused.errcode)
        return await attempt(await self._token(token))

    async def _token(self, refused: str | None = None) -> str:
        """The token; another one where one was refused.

        Raises:
            ApiRefused, ApiUnreachable: see ``Tokens``; an error of our own database is the latter, as nothing left.
        """
        try:
            if refused is None:
                return await self._tokens.get(self._account_key)
            return await self._tokens.renew(self._account_key, refused)
        except (DomainError, SQLAlchemyError) as error:
            raise ApiUnreachable(sent=False, reason=type(error).__name__) from None


def _file(answer: Answer) -> tuple[bytes, str]:
    if answer.speaks:
        answer.fields()  # raises what it says
        raise ApiRefused(0, "an answer in place of a file")
    return answer.content, answer.content_type
