"""The doctor's look at the hotline: real sockets, an exchange that answers as one does."""

import asyncio
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from integrations.cli import checks_speech, checks_voice, sip_probe
from integrations.cli.findings import Finding, Level
from integrations.gateway.settings import Settings
from integrations.voice.configuration import Sip
from integrations.voice.line import Line
from integrations.voice.sip.telephone import SipTelephone
from property_db import migrate
from property_db.calls import agent_phones
from property_db.clock import Clock
from property_db.database import Database
from property_db.handoff.agents import create_agent

PASSWORD = "do-not-show-7431"
SECRET = "do-not-show-this-either"
Answers = Callable[[str], str | None]
"""What an exchange answers to a method: a status line's end such as ``401 Unauthorized``; None for nothing."""


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def exchange(answers: Answers, heard: list[str] | None = None, server: str = "Some PBX") -> Iterator[int]:
    """A SIP exchange on a port of its own; what it hears is written down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))

        def serve() -> None:
            while (packet := listening.recvfrom(65_535))[0]:
                request = packet[0].decode()
                if heard is not None:
                    heard.append(request)
                status = answers(request.split(" ", 1)[0])
                if status is not None:
                    kept = re.findall(r"(?m)^(?:Via|From|To|Call-ID|CSeq):.*\r\n", request)
                    answer = f"SIP/2.0 {status}\r\n{''.join(kept)}Server: {server}\r\nContent-Length: 0\r\n\r\n"
                    listening.sendto(answer.encode(), packet[1])

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
                ending.sendto(b"", listening.getsockname())
            thread.join()


@contextmanager
def http_server(answers: dict[str, tuple[int, Any]]) -> Iterator[int]:
    """Answers by path, with status and JSON."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, {}))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits two seconds for silence."""
    usual = sip_probe.ask

    async def impatient(
        method: Literal["OPTIONS", "REGISTER"], host: str, port: int, user: str, domain: str
    ) -> sip_probe.Reply | None:
        return await usual(method, host, port, user, domain, seconds=0.4)

    monkeypatch.setattr(sip_probe, "ask", impatient)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


def write(data: Path, mode: int = 0o600, **hotline: Any) -> None:
    file = data / "hotline.yml"
    file.write_text(yaml.safe_dump(hotline), encoding="utf-8")
    file.chmod(mode)


def sip(port: int | None = None, registrar: int | None = None, **more: Any) -> dict[str, Any]:
    """The section `sip`, on this machine only."""
    settings: dict[str, Any] = {"host": "127.0.0.1", "port": port or free_port(), "rtp_ports": [20000, 20099]}
    if registrar is not None:
        extension = {"registrar": "127.0.0.1", "port": registrar, "user": "8000", "password": PASSWORD}
        settings["registration"] = extension
    return settings | more


def examined(data: Path, **changes: Any) -> list[Finding]:
    changes = {"port": free_port(socket.SOCK_STREAM)} | changes
    settings = Settings(_env_file=None, data_dir=data, **changes)
    findings = list(checks_voice.section(settings))
    assert PASSWORD not in str(findings)
    assert SECRET not in str(findings)
    assert all(finding.todo for finding in findings if finding.level is Level.BAD)
    return findings


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def bad(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings if finding.level is Level.BAD]


# The file


def test_who_does_not_use_it_gets_one_calm_line_that_says_how_to_begin(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks_speech, "missing_packages", lambda _: ["faster_whisper"])
    (only,) = examined(data)
    assert only.level is Level.GOOD
    assert "docs/voice.md" in only.text


def test_a_file_that_was_asked_for_and_is_not_there_is_found(data: Path) -> None:
    assert "voice_file_missing" in bad(examined(data, hotline_file=data / "elsewhere.yml"))


def test_a_file_that_others_can_read_is_found(data: Path) -> None:
    write(data, mode=0o640, sip=sip())
    (only,) = examined(data)
    assert only.code == "voice_file_wrong"
    assert "chmod 600" in only.text


def test_a_wrong_value_is_told_with_its_place_and_without_itself(data: Path) -> None:
    write(data, audiosocket={"secret": "short-and-secret"[:9]})
    (only,) = examined(data)
    assert "audiosocket.secret" in only.text
    assert "short-and" not in only.text


def test_a_time_that_yaml_takes_for_a_number_is_found(data: Path) -> None:
    write(data)
    (data / "hotline.yml").write_text("outbound: {quiet_begin: 20:00}\n", encoding="utf-8")
    (only,) = examined(data)
    assert "outbound.quiet_begin" in only.text
    assert "引号" in only.text


def test_a_hotline_without_a_line_is_found(data: Path) -> None:
    write(data, outbound={"enabled": True})
    assert set(bad(examined(data))) >= {"voice_no_line", "voice_outbound_no_line"}


def test_a_telephone_that_places_no_calls_is_told_of(data: Path) -> None:
    write(data, sip=sip(allowed=["127.0.0.2/32"]))
    (off,) = [finding for finding in examined(data) if finding.code == "voice_outbound_off"]
    assert off.level is Level.NOTE
    assert "outbound: {enabled: true}" in off.todo
    write(data, sip=sip(allowed=["127.0.0.2/32"]), outbound={"enabled": True})
    assert "voice_outbound_off" not in codes(examined(data))


# The exchange


def test_a_sound_extension_is_called_sound_and_its_password_is_never_sent(data: Path) -> None:
    heard: list[str] = []
    with exchange(lambda _: "401 Unauthorized", heard) as registrar:
        write(data, sip=sip(registrar=registrar))
        findings = examined(data)
    wanted = ["voice_file_good", "voice_sip_port_free", "voice_rtp_good", "voice_registrar_good"]
    assert codes(findings)[:4] == wanted
    assert {request.split(" ", 1)[0] for request in heard} == {"REGISTER", "OPTIONS"}
    assert not any(word in request for request in heard for word in (PASSWORD, "Authorization", "Contact:"))


@pytest.mark.parametrize(
    ("answers", "code", "level"),
    [
        (lambda _: "200 OK", "voice_registrar_without_password", Level.NOTE),
        (lambda _: "403 Forbidden", "voice_registrar_refused", Level.BAD),
        (lambda _: "404 Not Found", "voice_registrar_refused", Level.BAD),
        (lambda _: "503 Service Unavailable", "voice_registrar_odd", Level.NOTE),
        (lambda method: "200 OK" if method == "OPTIONS" else None, "voice_registrar_no_register", Level.NOTE),
        (lambda _: "100 Trying", "voice_registrar_silent", Level.BAD),
        (lambda _: None, "voice_registrar_silent", Level.BAD),
    ],
)
def test_what_an_exchange_answers_is_told_apart(data: Path, answers: Answers, code: str, level: Level) -> None:
    with exchange(answers) as registrar:
        write(data, sip=sip(registrar=registrar))
        (finding,) = [finding for finding in examined(data) if finding.code.startswith("voice_registrar")]
    assert (finding.code, finding.level) == (code, level)


def test_an_exchange_that_is_not_there_is_found(data: Path) -> None:
    write(data, sip=sip(registrar=free_port()))
    assert "voice_registrar_closed" in bad(examined(data))


def test_a_name_that_nobody_knows_is_found(data: Path) -> None:
    registration = {"registrar": "nowhere.invalid", "user": "8000", "password": PASSWORD}
    write(data, sip=sip(registration=registration))
    assert "voice_registrar_unknown" in bad(examined(data))


def test_an_answer_to_somebody_elses_question_is_not_taken() -> None:
    async def asked() -> sip_probe.Reply | None:
        return await sip_probe.ask("OPTIONS", "127.0.0.1", port, "8000", "localhost")

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))
        port = stranger.getsockname()[1]
        wrong = threading.Thread(
            target=lambda: stranger.sendto(b"SIP/2.0 200 OK\r\nCall-ID: other\r\n\r\n", stranger.recvfrom(4096)[1])
        )
        wrong.start()
        assert asyncio.run(asked()) is None
        wrong.join()


# Ports


async def test_a_port_that_our_running_telephone_holds_is_ours(data: Path) -> None:
    async def take(line: Line) -> None:
        await line.reject("busy")

    port = free_port()
    write(data, sip=sip(port))
    telephone = SipTelephone(Sip(host="127.0.0.1", port=port, rtp_ports=(20000, 20099)), take, 1)
    await telephone.start()
    try:
        findings = await asyncio.to_thread(examined, data)
    finally:
        await telephone.stop()
    assert "voice_sip_port_ours" in codes(findings)


def test_a_port_that_another_exchange_holds_is_taken_and_a_free_one_is_named(data: Path) -> None:
    with exchange(lambda _: "200 OK") as port:
        write(data, sip=sip(port))
        (taken,) = [finding for finding in examined(data) if finding.code == "voice_sip_port_taken"]
    assert taken.level is Level.BAD
    assert re.search(r"如 \d{4,5}", taken.todo)


def test_a_server_that_runs_without_its_telephone_has_to_be_started_again(data: Path) -> None:
    audiosocket = {"port": free_port(socket.SOCK_STREAM), "secret": SECRET}
    write(data, sip=sip(), audiosocket=audiosocket)
    with http_server({"/healthz": (200, {"status": "ok"})}) as port:
        found = bad(examined(data, port=port))
    assert {"voice_sip_not_listening", "voice_audiosocket_not_listening"} <= set(found)


def test_an_address_of_another_machine_is_found(data: Path) -> None:
    write(data, sip=sip(host="192.0.2.7"))
    assert "voice_sip_host_wrong" in bad(examined(data))


@pytest.mark.parametrize(
    ("ports", "hotline", "code", "level"),
    [
        ([20100, 20000], {}, "voice_rtp_wrong", Level.BAD),
        ([20000, 20009], {"most_calls": 6}, "voice_rtp_few", Level.BAD),
        ([20000, 20011], {"most_calls": 6}, "voice_rtp_tight", Level.NOTE),
        ([20000, 20011], {"most_calls": 6, "transfer": "refer"}, "voice_rtp_good", Level.GOOD),
        ([20001, 20013], {"most_calls": 6, "transfer": "refer"}, "voice_rtp_good", Level.GOOD),
    ],
)
def test_there_have_to_be_ports_for_the_sound_of_all_calls(
    data: Path, ports: list[int], hotline: dict[str, Any], code: str, level: Level
) -> None:
    write(data, sip=sip(rtp_ports=ports), **hotline)
    (finding,) = [finding for finding in examined(data) if finding.code.startswith("voice_rtp")]
    assert (finding.code, finding.level) == (code, level)


def test_a_sip_port_among_those_of_the_sound_is_found(data: Path) -> None:
    write(data, sip=sip(20050))
    assert "voice_rtp_overlaps" in bad(examined(data))


# Who may call, and from where


def test_a_telephone_that_takes_calls_of_nobody_or_of_everybody_is_found(data: Path) -> None:
    write(data, sip=sip())
    assert "voice_sip_nobody" in bad(examined(data))
    write(data, sip=sip(allowed=["0.0.0.0/0"]))
    assert "voice_sip_open" in bad(examined(data))


def test_a_trunk_without_a_way_out_is_told_what_it_cannot_do(data: Path) -> None:
    write(data, sip=sip(allowed=["127.0.0.2/32"]))
    assert "voice_no_way_out" in codes(examined(data))
    write(data, sip=sip(allowed=["127.0.0.2/32"], agents_via="127.0.0.2:5060"))
    assert "voice_no_way_out" not in codes(examined(data))


def test_an_exchange_elsewhere_cannot_reach_a_telephone_on_this_machine_only(data: Path) -> None:
    write(data, sip=sip(allowed=["192.0.2.0/24"]))
    assert "voice_sip_only_here" in bad(examined(data))


def test_a_private_address_and_an_exchange_in_the_internet_are_told_of(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks_voice, "local_address", lambda *_: "192.168.1.20")
    write(data, sip=sip(host="0.0.0.0", allowed=["8.8.8.8/32"]))
    (nat,) = [finding for finding in examined(data) if finding.code == "voice_nat"]
    assert "192.168.1.20" in nat.text
    write(data, sip=sip(host="0.0.0.0", allowed=["8.8.8.8/32"], advertised_ip="203.0.113.5"))
    assert not {"voice_nat", "voice_advertised_wrong"} & set(codes(examined(data)))


def test_an_advertised_name_is_no_address(data: Path) -> None:
    write(data, sip=sip(allowed=["8.8.8.8/32"], advertised_ip="pbx.example.com"))
    assert "voice_advertised_wrong" in bad(examined(data))


# Asterisk


def test_asterisk_with_a_secret_and_a_list_is_called_sound(data: Path) -> None:
    write(data, asterisk={"secret": SECRET, "allowed": ["127.0.0.1/32"]})
    findings = examined(data)
    assert codes(findings)[:2] == ["voice_file_good", "voice_secret_good"]


@pytest.mark.parametrize(
    "secret", ["with/a/slash/in/the/middle", "with a space in the middle", "密钥密钥密钥密钥密钥密钥密钥密钥"]
)
def test_a_secret_that_does_not_fit_into_an_address_is_found(data: Path, secret: str) -> None:
    write(data, asterisk={"secret": secret})
    findings = examined(data)
    assert "voice_secret_letters" in bad(findings)
    assert secret not in str(findings)


def test_where_an_asterisk_elsewhere_cannot_connect_is_told(data: Path) -> None:
    elsewhere = {"secret": SECRET, "allowed": ["192.168.1.10/32"]}
    write(data, asterisk=elsewhere, audiosocket={"port": free_port(socket.SOCK_STREAM), **elsewhere})
    found = codes(examined(data, host="127.0.0.1"))
    assert {"voice_asterisk_unreachable", "voice_audiosocket_only_here"} <= set(found)


def test_an_audiosocket_that_lets_nobody_in_is_found(data: Path) -> None:
    write(data, audiosocket={"host": "0.0.0.0", "port": free_port(socket.SOCK_STREAM), "secret": SECRET})
    assert "voice_audiosocket_nobody" in bad(examined(data))


def test_the_port_of_audiosocket_is_free_taken_or_ours(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        write(data, audiosocket={"port": port, "secret": SECRET})
        assert "voice_audiosocket_taken" in bad(examined(data))
        with http_server({"/healthz": (200, {})}) as web:
            assert "voice_audiosocket_ours" in codes(examined(data, port=web))
    assert "voice_audiosocket_free" in codes(examined(data))


# Hearing and speaking


@pytest.fixture
def line(data: Path) -> Path:
    """A hotline whose file names nothing of speech."""
    write(data, audiosocket={"port": free_port(socket.SOCK_STREAM), "secret": SECRET})
    return data


def speech(data: Path, **changes: Any) -> list[Finding]:
    return [one for one in examined(data, **changes) if one.code.startswith(("speech", "espeak"))]


def test_without_the_extra_the_operator_learns_that_calls_go_by_keys(
    line: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks_speech, "missing_packages", lambda _: ["faster_whisper"])
    missing = speech(line)[0]
    assert (missing.code, missing.level) == ("speech_missing", Level.NOTE)
    assert "faster-whisper" in missing.text
    assert "./guanjia speech install" in missing.todo


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_speech, "missing_packages", lambda _: [])
    monkeypatch.setattr(checks_speech, "wrong_files", lambda _: ([], True))


@pytest.mark.usefixtures("installed")
def test_a_product_that_runs_without_its_speech_has_to_be_started_again(line: Path) -> None:
    with http_server({"/healthz": (200, {})}) as web:
        assert "speech_not_started" in bad(speech(line, port=web))
    assert "speech_not_started" not in codes(speech(line))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("health", "wanted"),
    [
        ({"recogniser": "ok", "voice": "ok", "memory_mb": 900}, ["speech_good", "speech_good"]),
        ({"recogniser": "loading", "voice": "down"}, ["speech_loading", "speech_down"]),
    ],
)
def test_the_running_speech_process_tells_how_it_is(line: Path, health: dict[str, Any], wanted: list[str]) -> None:
    (line / "speech").mkdir()
    with http_server({"/healthz": (200, {}), "/health": (200, health)}) as port:
        (line / "speech" / "port").write_text(str(port), encoding="ascii")
        assert codes(speech(line, port=port))[1:3] == wanted


@pytest.mark.usefixtures("installed")
def test_a_speech_process_that_does_not_answer_is_found(line: Path) -> None:
    (line / "speech").mkdir()
    (line / "speech" / "port").write_text(str(free_port(socket.SOCK_STREAM)), encoding="ascii")
    with http_server({"/healthz": (200, {})}) as web:
        assert "speech_silent" in bad(speech(line, port=web))
    elsewhere = f"http://127.0.0.1:{free_port(socket.SOCK_STREAM)}"
    assert bad(speech(line, speech_url=elsewhere)) == ["speech_silent", "speech_silent"]


def test_servers_of_other_kinds_are_asked_as_a_call_does(data: Path) -> None:
    line = {"port": free_port(socket.SOCK_STREAM), "secret": SECRET}
    with socket.create_server(("127.0.0.1", 0)) as funasr, http_server({"/v1/models": (200, {"data": []})}) as voice:
        recogniser = {"kind": "funasr", "url": f"ws://127.0.0.1:{funasr.getsockname()[1]}"}
        write(
            data,
            audiosocket=line,
            recogniser=recogniser,
            voice={"kind": "openai", "url": f"http://127.0.0.1:{voice}", "key": SECRET},
        )
        assert codes(speech(data))[:2] == ["speech_server_good", "speech_server_good"]
    assert bad(speech(data)) == ["speech_server_silent", "speech_server_silent"]
    write(data, audiosocket=line, recogniser={"kind": "vosk"}, voice={"kind": "openai"})
    assert bad(speech(data)) == ["speech_server_without_url", "speech_server_without_url"]


def test_speech_that_was_turned_off_is_told_and_no_mistake(data: Path) -> None:
    write(
        data,
        audiosocket={"port": free_port(socket.SOCK_STREAM), "secret": SECRET},
        recogniser={"kind": "none"},
        voice={"kind": "none"},
    )
    assert codes(speech(data))[:2] == ["speech_recogniser_off", "speech_voice_off"]
    assert bad(speech(data)) == []


@pytest.mark.parametrize(
    ("kind", "missing", "code"),
    [("espeak", [], "espeak_needed"), ("guanjia", ["numpy"], "espeak_needed"), ("guanjia", [], "espeak_missing")],
)
def test_the_smallest_voice_is_needed_where_there_is_no_other(
    data: Path, monkeypatch: pytest.MonkeyPatch, kind: str, missing: list[str], code: str
) -> None:
    monkeypatch.setattr(checks_speech, "missing_packages", lambda _: missing)
    monkeypatch.setattr(checks_speech, "wrong_files", lambda _: ([], True))
    monkeypatch.setattr("shutil.which", lambda _: None)
    line = {"port": free_port(socket.SOCK_STREAM), "secret": SECRET}
    write(data, audiosocket=line, recogniser={"kind": "none"}, voice={"kind": kind})
    assert codes(speech(data))[-1] == code


# Weights


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a weight file, installed as `some-weights`."""
    folder = tmp_path / "site"
    (folder / "some_weights").mkdir(parents=True)
    (folder / "some_weights" / "part.bin").write_bytes(b"weights")
    listed = folder / "some_weights-1.0.dist-info"
    listed.mkdir()
    (listed / "METADATA").write_text("Metadata-Version: 2.1\nName: some-weights\nVersion: 1.0\n", encoding="utf-8")
    digest = "mhKQONmgCu0M9qfqBZylCoE0SQYauHhIzxoT6v3zOyw"
    (listed / "RECORD").write_text(
        f"some_weights/part.bin,sha256={digest},7\nsome_weights-1.0.dist-info/RECORD,,\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(folder))
    return folder / "some_weights" / "part.bin"


def test_weights_are_compared_with_the_list_of_their_package(package: Path) -> None:
    assert checks_speech.wrong_files(("some_weights",)) == ([], True)
    package.write_bytes(b"WEIGHTS")
    assert checks_speech.wrong_files(("some_weights",)) == (["part.bin"], True)
    package.write_bytes(b"weigh")
    assert checks_speech.wrong_files(("some_weights",), seconds=-1.0) == (["part.bin"], True)
    package.unlink()
    assert checks_speech.wrong_files(("some_weights", "no_such_weights"))[0] == ["part.bin", "no_such_weights"]


def test_on_a_machine_that_is_too_slow_the_sizes_have_to_do(package: Path) -> None:
    package.write_bytes(b"WEIGHTS")
    assert checks_speech.wrong_files(("some_weights",), seconds=-1.0) == ([], False)


def test_weights_of_the_operators_are_compared_with_their_own_list(tmp_path: Path) -> None:
    assert checks_speech.wrong_files_of_folder(tmp_path)[0] == ["SHA256SUMS"]
    (tmp_path / "voice.onnx").write_bytes(b"weights")
    digest = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c"
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  voice.onnx\n{digest} *./female.bin\n", encoding="utf-8")
    assert checks_speech.wrong_files_of_folder(tmp_path)[0] == ["female.bin"]


# What is kept, and who answers


def test_recordings_that_others_can_read_are_found_and_all_are_counted(line: Path) -> None:
    month = line / "recordings" / "2026-11"
    month.mkdir(parents=True, mode=0o700)
    (line / "recordings").chmod(0o700)
    file = month / "0.wav"
    file.write_bytes(bytes(1024 * 1024))
    file.chmod(0o600)
    (good,) = [finding for finding in examined(line) if finding.code.startswith("voice_recordings")]
    assert "1 个，1.0 MB" in good.text
    file.chmod(0o644)
    assert "voice_recordings_open" in bad(examined(line))


def test_recorded_prompts_that_are_never_played_are_told_of(line: Path) -> None:
    (line / "prompts").mkdir()
    for name in ("how_to", "greeting", "grating"):
        (line / "prompts" / f"{name}.wav").touch()
    (unused,) = [finding for finding in examined(line) if finding.code == "voice_prompts_unused"]
    assert "grating.wav" in unused.text
    assert "greeting.wav" in unused.text  # it has the company's name filled in
    assert "how_to.wav" not in unused.text


def test_agents_without_a_telephone_are_counted(line: Path) -> None:
    url = f"sqlite+aiosqlite:///{line / 'guanjia.db'}"

    async def prepare() -> None:
        await migrate.upgrade(url)
        database = Database(url)
        async with database.transaction() as session:
            first = await create_agent(session, "xiaoli", "小李", "a long password")
            await create_agent(session, "xiaowang", "小王", "a long password")
            await agent_phones.set(session, first.id, "8001", Clock())
        await database.dispose()

    asyncio.run(prepare())
    (some,) = [finding for finding in examined(line) if finding.code == "voice_agents_without_telephone"]
    assert some.level is Level.NOTE
    assert "2 位客服中有 1 位" in some.text
