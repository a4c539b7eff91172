"""A small TCP proxy between a program and its store that drops, delays and cuts what passes it."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Literal

Mode = Literal["pass", "refuse", "silent", "slow", "lose_answers"]
CHUNK_BYTES = 65536


class FlakyProxy:
    """Listens on loopback and passes everything on to `upstream`, as `mode` says.

    - ``pass``: as it is;
    - ``refuse``: connections are closed at once, those that are open too;
    - ``silent``: what is sent arrives nowhere, and nothing is answered;
    - ``slow``: each piece is held back for `delay` seconds;
    - ``lose_answers``: requests arrive and are done, and the connection ends before their answer.

    Args:
        lose: how many answers to lose before it passes them again; None loses all.
    """

    def __init__(self, upstream: tuple[str, int], delay: float = 0.5) -> None:
        self.mode: Mode = "pass"
        self.lose: int | None = None
        self.n_lost = 0
        self._upstream = upstream
        self._delay = delay
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Ends every connection that is open."""
        with self._lock:
            ended, self._open = self._open, set()
        for one in ended:
            _close(one)

    def set(self, mode: Mode, lose: int | None = None) -> None:
        """Behaves so from now on, to new connections and to open ones."""
        self.mode, self.lose = mode, lose
        if mode == "refuse":
            self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.mode == "refuse":
                _close(client)
                continue
            try:
                server = socket.create_connection(self._upstream, timeout=10)
            except OSError:
                _close(client)
                continue
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        try:
            while piece := source.recv(CHUNK_BYTES):
                while self.mode == "silent":
                    time.sleep(0.05)
                if self.mode == "slow":
                    time.sleep(self._delay)
                if is_answer and self._loses():
                    break
                target.sendall(piece)
        except OSError:
            return  # one end has gone, or `cut` has closed both
        finally:
            with self._lock:
                self._open -= {source, target}
            _close(source)
            _close(target)

    def _loses(self) -> bool:
        with self._lock:
            if self.mode != "lose_answers":
                return False
            if self.lose is not None:
                self.lose -= 1
                if self.lose <= 0:
                    self.mode = "pass"
            self.n_lost += 1
            return True


def _close(one: socket.socket) -> None:
    with suppress(OSError):  # the other end may have closed it already
        one.shutdown(socket.SHUT_RDWR)
    one.close()
