"""What `guanjia doctor` looks at for the hotline: its file, the exchange, ports, people, recordings."""

import asyncio
import errno
import socket
import stat
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from integrations.cli import checks_speech, ports, sip_probe
from integrations.cli.account_files import hotline as read_hotline
from integrations.cli.errors import CliError
from integrations.cli.findings import Finding, found
from integrations.gateway.settings import Settings
from integrations.voice.configuration import Asterisk, AudioSocket, Hotline, Network, Sip, SipRegistration
from integrations.voice.recording import FOLDER
from integrations.voice.sip.equipment import local_address, resolve
from integrations.voice.sip.messages import AGENT

Address = tuple[str, int]
LOWEST_PORT, HIGHEST_PORT = 1024, 65535
MEGABYTE = 1024 * 1024
_WAYS = {"sip": "SIP", "asterisk": "Asterisk", "audiosocket": "AudioSocket"}
_CHALLENGES = (401, 407)
_REFUSALS = (403, 404)


def section(settings: Settings) -> Iterator[Finding]:
    """Everything about the hotline; one line where it is not used."""
    path = settings.hotline_settings_file.absolute()
    try:
        hotline = read_hotline(settings)
    except CliError as error:
        yield found("voice_file_wrong", what=error.what, where=error.where, todo=error.todo)
        return
    runs = ports.get_json(ports.reached_at(settings.host), settings.port, "/healthz") is not None
    if hotline is None:
        yield found("voice_file_missing" if settings.hotline_file is not None else "voice_none", path=path)
    else:
        ways = [name for key, name in _WAYS.items() if getattr(hotline, key) is not None]
        yield found("voice_file_good" if ways else "voice_no_line", ways="、".join(ways), path=path)
        if hotline.sip is not None:
            yield from _sip(hotline.sip, hotline, runs)
        if hotline.asterisk is not None:
            yield from _asterisk(hotline.asterisk, settings)
        if hotline.audiosocket is not None:
            yield from _audiosocket(hotline.audiosocket, runs)
        if hotline.outbound.enabled and hotline.sip is None:
            yield found("voice_outbound_no_line")
        elif hotline.sip is not None and not hotline.outbound.enabled:
            yield found("voice_outbound_off")
    yield from checks_speech.section(settings, hotline, runs)
    yield from _recordings(settings.data_dir / FOLDER)
    if hotline is not None:
        yield from _agents_without_telephone(settings)


# SIP


def _sip(sip: Sip, hotline: Hotline, runs: bool) -> Iterator[Finding]:
    yield _sip_port(sip, runs)
    yield from _sound_ports(sip, hotline)
    if sip.registration is None and not sip.allowed:
        yield found("voice_sip_nobody")
    if any(network.prefixlen == 0 for network in sip.allowed):
        yield found("voice_sip_open")
    if sip.registration is None and sip.agents_via is None:
        yield found("voice_no_way_out")
    peers: list[Address] = []
    if sip.registration is not None:
        try:
            peers = asyncio.run(resolve(sip.registration.registrar, sip.registration.port))
        except OSError:
            yield found("voice_registrar_unknown", host=sip.registration.registrar)
        else:
            yield asyncio.run(_registrar(sip.registration, peers[0]))
    yield from _address(sip, [host for host, _ in peers] or [str(network[0]) for network in sip.allowed])


def _sip_port(sip: Sip, runs: bool) -> Finding:
    """Whether our port is free, or we hold it already."""
    if sip.port == 0:
        return found("voice_sip_port_any")
    family = socket.AF_INET6 if ":" in sip.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((sip.host, sip.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return found("voice_sip_host_wrong", host=sip.host, port=sip.port, reason=error.strerror)
        else:
            return found("voice_sip_not_listening" if runs else "voice_sip_port_free", port=sip.port)
    ours = asyncio.run(_answers_as_we_do(sip))
    return found("voice_sip_port_ours" if ours else "voice_sip_port_taken", port=sip.port, free=_free_udp_port())


async def _answers_as_we_do(sip: Sip) -> bool:
    """Whether our own telephone listens on the port: it names itself in every answer, refusals too."""
    try:
        reply = await sip_probe.ask("OPTIONS", ports.reached_at(sip.host), sip.port, "doctor", "localhost")
    except OSError:
        return False
    return reply is not None and reply.server == AGENT


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def _sound_ports(sip: Sip, hotline: Hotline) -> Iterator[Finding]:
    """A pair of ports for each call; a call that is with an agent by bridge has two, and calls we place have theirs."""
    first, last = sip.rtp_ports
    sound = f"{first}-{last}"
    pairs = len(range(first + first % 2, last, 2))
    if not LOWEST_PORT <= first < last <= HIGHEST_PORT:
        yield found("voice_rtp_wrong", ports=sound)
        return
    if first <= sip.port <= last:
        yield found("voice_rtp_overlaps", ports=sound, port=sip.port)
    wanted = hotline.most_calls * (2 if hotline.transfer == "bridge" else 1)
    if hotline.outbound.enabled:
        wanted += hotline.outbound.calls_at_once * 2
    values = {"ports": sound, "pairs": pairs, "calls": hotline.most_calls, "wanted": wanted, "last": first + 2 * wanted}
    if pairs < hotline.most_calls:
        yield found("voice_rtp_few", **values)
    elif pairs < wanted:
        yield found("voice_rtp_tight", **values)
    else:
        yield found("voice_rtp_good", **values)


async def _registrar(registration: SipRegistration, address: Address) -> Finding:
    """Ask the exchange as a telephone begins to register; the password is not sent, so it cannot be judged here."""
    domain = registration.domain or registration.registrar
    values: dict[str, object] = {"host": registration.registrar, "port": registration.port, "user": registration.user}
    replies = await asyncio.gather(
        *(sip_probe.ask(method, *address, registration.user, domain) for method in ("REGISTER", "OPTIONS")),
        return_exceptions=True,
    )
    register, options = replies
    if isinstance(register, sip_probe.Reply):
        if register.status in _CHALLENGES:
            return found("voice_registrar_good", **values)
        if register.status < 300:
            return found("voice_registrar_without_password", **values)
        code = "voice_registrar_refused" if register.status in _REFUSALS else "voice_registrar_odd"
        return found(code, status=register.status, **values)
    if isinstance(options, sip_probe.Reply):
        return found("voice_registrar_no_register", **values)
    if isinstance(register, OSError):
        return found("voice_registrar_closed", reason=register.strerror or type(register).__name__, **values)
    return found("voice_registrar_silent", **values)


def _address(sip: Sip, peers: list[str]) -> Iterator[Finding]:
    """Whether the exchange can reach us under the address that we tell it."""
    if sip.advertised_ip is not None:
        if not _is_address(sip.advertised_ip):
            yield found("voice_advertised_wrong", value=sip.advertised_ip)
        return
    far = [peer for peer in peers if not ip_address(peer.partition("%")[0]).is_loopback]
    if not far:
        return
    here = local_address(sip.host, (far[0], 0))
    if ip_address(here).is_loopback:
        yield found("voice_sip_only_here", host=sip.host)
    elif ip_address(here).is_private and ip_address(far[0]).is_global:
        yield found("voice_nat", here=here, peer=far[0])


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


# Asterisk


def _asterisk(asterisk: Asterisk, settings: Settings) -> Iterator[Finding]:
    yield _secret("asterisk", asterisk.secret.get_secret_value())
    if not asterisk.allowed:
        yield found("voice_asterisk_anywhere")
    elif _is_loopback(settings.host) and _some_far(asterisk.allowed):
        yield found("voice_asterisk_unreachable", host=settings.host)


def _audiosocket(audiosocket: AudioSocket, runs: bool) -> Iterator[Finding]:
    yield _secret("audiosocket", audiosocket.secret.get_secret_value())
    here = _is_loopback(audiosocket.host)
    if here and _some_far(audiosocket.allowed):
        yield found("voice_audiosocket_only_here", host=audiosocket.host)
    elif not here and not audiosocket.allowed:
        yield found("voice_audiosocket_nobody", host=audiosocket.host)
    if audiosocket.port == 0:
        yield found("voice_audiosocket_port_any")
        return
    code = "voice_audiosocket_ours" if runs else "voice_audiosocket_taken"
    family = socket.AF_INET6 if ":" in audiosocket.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((audiosocket.host, audiosocket.port))
        except OSError:
            yield found(code, port=audiosocket.port)
        else:
            code = "voice_audiosocket_not_listening" if runs else "voice_audiosocket_free"
            yield found(code, port=audiosocket.port)


def _secret(name: str, secret: str) -> Finding:
    """It is part of an address, so it must not be read as anything else there."""
    plain = secret.isascii() and all(letter.isalnum() or letter in "-_" for letter in secret)
    return found("voice_secret_good" if plain else "voice_secret_letters", name=name)


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _some_far(networks: tuple[Network, ...]) -> bool:
    return any(not network.is_loopback for network in networks)


# What is kept, and who answers


def _recordings(folder: Path) -> Iterator[Finding]:
    """Voices of residents: for their owner only; how much there is."""
    if not folder.is_dir():
        return
    files = [(file, file.stat()) for file in folder.rglob("*") if file.is_file()]
    wide_open = any(stat.S_IMODE(known.st_mode) & 0o077 for _, known in files)
    if wide_open or stat.S_IMODE(folder.stat().st_mode) & 0o077:
        yield found("voice_recordings_open", path=folder.absolute())
    size = sum(known.st_size for _, known in files)
    yield found("voice_recordings", count=len(files), size=f"{size / MEGABYTE:.1f}", path=folder.absolute())


def _agents_without_telephone(settings: Settings) -> Iterator[Finding]:
    """How many agents take calls by typing; nothing where the database cannot tell, which another check says."""
    from sqlalchemy.exc import SQLAlchemyError

    from property_db.calls import agent_phones
    from property_db.database import Database
    from property_db.handoff import repository

    if settings.database_url is None and not (settings.data_dir / "guanjia.db").exists():
        return

    async def read() -> tuple[int, int]:
        database = Database(settings.database)
        try:
            async with database.reading() as session:
                agents = {agent.id for agent in await repository.all_agents(session)}
                return len(agents), len(agents - set(await agent_phones.all_of(session)))
        finally:
            await database.dispose()

    try:
        everybody, without = asyncio.run(read())
    except (SQLAlchemyError, OSError):
        return
    if without:
        yield found("voice_agents_without_telephone", count=without, everybody=everybody)
