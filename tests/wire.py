"""What the tests of the server share: bytes on a connection, and a repository that takes pushes."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable
from typing import Any

from conftest import DEFINITIONS, Server

CLOCK = "--test-clock=2024-05-10T13:00:00Z"
LOOKUP = {"features": ["driver_stats:trips"], "entities": {"driver_id": [1001]}}
PUSH_DEFINITIONS = DEFINITIONS.replace("import Entity,", "import Entity, PushSource,").replace(
    "source=source,", 'source=PushSource(name="pushed", batch_source=source),'
)


def until(server: Server, path: str, body: Any, want: Callable[[int, Any], bool]) -> Any:
    """Asks until the answer is wanted: the server looks at its registry every second."""
    for _ in range(100_000):
        status, answer = server.request(path, body)
        if want(status, answer):
            return answer
    raise AssertionError((status, answer))


def trips(answer: Any) -> list[Any]:
    found: list[Any] = answer["results"][1]["values"]
    return found


class Wire:
    """A connection on which bytes are sent as they are."""

    def __init__(self, server: Server, tls: ssl.SSLContext | None = None) -> None:
        host, port = server.url.split("//")[1].split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
        self.received = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def post(self, path: str, body: Any, headers: str = "") -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {len(data)}\r\n\r\n"
        self.send(head.encode() + data)

    def _fill(self) -> None:
        data = self.socket.recv(1 << 20)
        if not data:
            raise EOFError(self.received)
        self.received += data

    def answer(self) -> tuple[int, dict[str, str], Any]:
        """The next answer: status, headers, parsed body."""
        while b"\r\n\r\n" not in self.received:
            self._fill()
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        status = int(first.split()[1])
        length = int(headers.get("content-length", 0))
        while len(self.received) < length:
            self._fill()
        body, self.received = self.received[:length], self.received[length:]
        return status, headers, json.loads(body) if body.startswith(b"{") else body.decode()

    def closed(self) -> bool:
        """Waits for the server to close; False if it says something instead."""
        return not self.received and self.socket.recv(1) == b""
