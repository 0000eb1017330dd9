"""HTTPS, with certificates that the openssl command makes here."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import Repo, Server
from wire import CLOCK, LOOKUP, Wire


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def issue(folder: Path, name: str) -> None:
    """A key and a certificate for 127.0.0.1, signed by the folder's CA."""
    openssl(
        folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
    )  # fmt: skip
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl(
        folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-CAcreateserial", "-days", "2", "-out", f"{name}.pem", "-extfile", "san",
    )  # fmt: skip
    (folder / f"{name}.key").chmod(0o600)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA (ca.pem) and two servers' certificates under it."""
    folder = tmp_path_factory.mktemp("certificates")
    openssl(
        folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA",
        "-addext", "keyUsage=critical,keyCertSign",
    )  # fmt: skip
    issue(folder, "first")
    issue(folder, "second")
    return folder


@pytest.fixture
def secure(loaded: Repo, certificates: Path) -> Iterator[Server]:
    key, cert = certificates / "first.key", certificates / "first.pem"
    with loaded.serve(CLOCK, "--key", key, "--cert", cert) as server:
        yield server


def client_context(certificates: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates / "ca.pem")


def common_name(wire: Wire) -> str:
    assert isinstance(wire.socket, ssl.SSLSocket)
    peer: Any = wire.socket.getpeercert()
    return str(dict(part[0] for part in peer["subject"])["commonName"])


def test_a_client_that_trusts_the_ca(secure: Server, certificates: Path) -> None:
    assert secure.url.startswith("https://")
    with requests.Session() as session:
        session.verify = str(certificates / "ca.pem")
        session.trust_env = False  # the environment's own roots
        for _ in range(3):  # over one connection
            answer = session.post(secure.url + "/get-online-features", json=LOOKUP, timeout=30)
            assert answer.json()["results"][1]["values"] == [230]
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(secure.url + "/health", timeout=30)


def test_pipelining_and_large_answers(secure: Server, certificates: Path) -> None:
    wire = Wire(secure, client_context(certificates))
    body = json.dumps(LOOKUP).encode()
    one = (
        b"POST /get-online-features HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body
    )
    wire.send(one * 300)
    for _ in range(300):
        assert wire.answer()[2]["results"][1]["values"] == [230]
    ids = [1001 + i % 5 for i in range(100_000)]
    for _ in range(2):
        wire.post("/get-online-features", {**LOOKUP, "entities": {"driver_id": ids}})
    for _ in range(2):
        assert wire.answer()[2]["results"][1]["values"] == [230 + i % 5 for i in range(100_000)]
    # A refused request is answered before its connection ends.
    wire.send(
        b"POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 9999
    )
    status, headers, _ = wire.answer()
    assert (status, headers["connection"]) == (413, "close")
    assert wire.closed()  # with a goodbye: an ssl.SSLEOFError otherwise


def test_only_tls_1_2_and_newer(secure: Server, certificates: Path) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = client_context(certificates)
        context.minimum_version = context.maximum_version = version
        wire = Wire(secure, context)
        wire.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert wire.answer()[0] == 200
    host, port = secure.url.split("//")[1].split(":")
    old = subprocess.run(
        ["openssl", "s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0",
         "-connect", f"{host}:{port}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert old.returncode != 0
    assert "alert protocol version" in old.stderr


def test_plain_http_and_noise_are_hung_up_on(secure: Server, certificates: Path) -> None:
    host, port = secure.url.split("//")[1].split(":")
    for noise in (b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 100, b""):
        with socket.create_connection((host, int(port)), timeout=30) as client:
            client.sendall(noise)
            client.shutdown(socket.SHUT_WR)
            while client.recv(4096):  # perhaps an alert
                pass
    wire = Wire(secure, client_context(certificates))
    wire.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert wire.answer()[0] == 200


def test_a_graceful_stop_says_goodbye(secure: Server, certificates: Path) -> None:
    idle = Wire(secure, client_context(certificates))
    idle.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert idle.answer()[0] == 200
    secure.process.send_signal(signal.SIGTERM)
    assert idle.closed()
    assert secure.process.wait(timeout=30) == 0


def test_new_certificates_are_taken_up(loaded: Repo, certificates: Path, tmp_path: Path) -> None:
    key, cert = tmp_path / "server.key", tmp_path / "server.pem"

    def install(name: str) -> None:
        for path in (key, cert):
            made = tmp_path / "new"
            made.write_bytes((certificates / f"{name}{path.suffix}").read_bytes())
            made.chmod(0o600)
            made.rename(path)

    install("first")
    with loaded.serve(CLOCK, "-k", key, "-c", cert) as server:
        kept = Wire(server, client_context(certificates))
        assert common_name(kept) == "first"
        cert.write_text("not a certificate")
        server.process.send_signal(signal.SIGHUP)
        assert common_name(Wire(server, client_context(certificates))) == "first"
        install("second")
        server.process.send_signal(signal.SIGHUP)
        while common_name(Wire(server, client_context(certificates))) == "first":
            pass
        kept.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.answer()[0] == 200


def test_what_is_wrong_with_the_files(loaded: Repo, certificates: Path, tmp_path: Path) -> None:
    key, cert = certificates / "first.key", certificates / "first.pem"
    text = tmp_path / "text.pem"
    text.write_text("no PEM")
    other = certificates / "second.key"

    def fails(*arguments: object, code: int = 1) -> str:
        return loaded.fails("serve", "--port", "0", *arguments, code=code)

    assert "--cert" in fails("--key", key, code=2)
    assert "--key" in fails("--cert", cert, code=2)
    assert "nowhere.pem" in fails("--key", key, "--cert", tmp_path / "nowhere.pem")
    assert "text.pem" in fails("--key", key, "--cert", text)
    assert "text.pem" in fails("--key", text, "--cert", cert)
    assert "does not belong" in fails("--key", other, "--cert", cert)


def test_a_key_that_others_can_read(loaded: Repo, certificates: Path, tmp_path: Path) -> None:
    key = tmp_path / "open.key"
    key.write_bytes((certificates / "first.key").read_bytes())
    key.chmod(0o644)
    with loaded.serve(CLOCK, "--key", key, "--cert", certificates / "first.pem") as server:
        server.process.terminate()
        _, said = server.process.communicate(timeout=30)
    assert "open.key" in said and "chmod 600" in said
    assert "PRIVATE KEY" not in said
