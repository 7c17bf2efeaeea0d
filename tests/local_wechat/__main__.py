"""Run the local WeChat: ``python -m tests.local_wechat --port 8090 --server http://127.0.0.1:8080 --wechat-file …``."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from integrations.tencent.accounts import AccountFileWrong
from integrations.wechat.accounts import load
from integrations.wecom.accounts import load as load_companies
from tests.local_wechat.server import LocalWechat, serve
from tests.local_wechat.texts import text


def main(arguments: list[str] | None = None) -> int:
    """Run until Ctrl-C; 2 where an account file is missing or wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.local_wechat")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--server", action="append", required=True)
    parser.add_argument("--wechat-file", type=Path, required=True)
    parser.add_argument("--wecom-file", type=Path)
    chosen = parser.parse_args(arguments)
    try:
        accounts = load(chosen.wechat_file)
        companies = load_companies(chosen.wecom_file) if chosen.wecom_file else {}
    except AccountFileWrong as error:
        return _wrong(text("wrong_file", error=error))
    for path, found in ((chosen.wechat_file, accounts), (chosen.wecom_file, companies)):
        if path is not None and not found:
            return _wrong(text("no_file", path=path))
    peer = LocalWechat(list(accounts.values()), chosen.server, wecom=list(companies.values()))
    asyncio.run(_run(chosen, peer))
    return 0


def _wrong(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 2


async def _run(chosen: argparse.Namespace, peer: LocalWechat) -> None:
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    async with serve(peer, chosen.host, chosen.port):
        sys.stdout.write(text("phone_page", url=peer.url) + "\n")
        sys.stdout.write(text("server", url="、".join(chosen.server)) + "\n")
        sys.stdout.flush()
        await over.wait()


if __name__ == "__main__":
    sys.exit(main())
