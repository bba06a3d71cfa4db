"""A transaction pooler, as PgBouncer is with `pool_mode = transaction`: each transaction in another session.

Clients speak PostgreSQL's protocol 3 to it. A client has a session of the server from its first message until
the server is ready again outside a transaction; then anybody may get that session. COPY is not passed on.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import URL

NO_ENCRYPTION = (80877103, 80877104)


@dataclass
class Session:
    """A connection to the server; `greeting`: what it said when it was ready first."""

    wire: socket.socket
    greeting: bytes


@dataclass
class Pooler:
    """in_turn: the session free longest comes first (`server_round_robin`); else the one used last."""

    upstream: str
    in_turn: bool
    free: deque[Session] = field(default_factory=deque)
    wires: list[socket.socket] = field(default_factory=list)
    serving: list[threading.Thread] = field(default_factory=list)

    @property
    def opened(self) -> int:
        return len(self.wires)

    def take(self, startup: bytes) -> Session:
        with suppress(IndexError):
            return self.free.popleft() if self.in_turn else self.free.pop()
        wire = socket.socket(socket.AF_UNIX)
        self.wires.append(wire)
        wire.connect(self.upstream)
        wire.sendall(startup)
        return Session(wire, b"".join(_until_ready(wire)))

    def close(self) -> None:
        """Its clients are gone: wait until it has seen that, then leave the server."""
        for thread in self.serving:
            thread.join(timeout=30)
        for wire in self.wires:
            wire.close()

    def serve(self, client: socket.socket) -> None:
        with client, suppress(ConnectionError, OSError):
            startup = _startup(client)
            session = self.take(startup)
            client.sendall(session.greeting)
            self.free.append(session)
            while (message := _message(client))[:1] != b"X":
                session = self.take(startup)
                is_over = False
                while not is_over:
                    session.wire.sendall(message)
                    if message[:1] in (b"Q", b"S"):
                        for answer in _until_ready(session.wire):
                            client.sendall(answer)
                            is_over = answer[:1] == b"Z" and answer[-1:] == b"I"
                    if not is_over:
                        message = _message(client)
                self.free.append(session)


@contextmanager
def transaction_pooler(url: URL, in_turn: bool = False) -> Iterator[tuple[URL, Pooler]]:
    """A URL by which the same server is reached through a pooler, and the pooler."""
    host = str(url.query.get("host") or url.host)
    pooler = Pooler(f"{host}/.s.PGSQL.{url.query.get('port') or url.port or 5432}", in_turn)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, pooler), daemon=True).start()
        port = listening.getsockname()[1]
        yield url.set(host="127.0.0.1", port=port, query={}), pooler
        pooler.close()


def _accept(listening: socket.socket, pooler: Pooler) -> None:
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            pooler.serving.append(threading.Thread(target=pooler.serve, args=(client,), daemon=True))
            pooler.serving[-1].start()


def _startup(client: socket.socket) -> bytes:
    while True:
        head = _exactly(client, 8)
        length, code = struct.unpack("!ii", head)
        if code not in NO_ENCRYPTION:
            return head + _exactly(client, length - 8)
        client.sendall(b"N")


def _message(wire: socket.socket) -> bytes:
    head = _exactly(wire, 5)
    return head + _exactly(wire, struct.unpack("!i", head[1:])[0] - 4)


def _until_ready(wire: socket.socket) -> Iterator[bytes]:
    message = b""
    while message[:1] != b"Z":
        message = _message(wire)
        yield message


def _exactly(wire: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = wire.recv(count - len(found))
        if not part:
            raise ConnectionError("the other side is gone")
        found += part
    return found
