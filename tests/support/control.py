"""Lets the command of with_postgres.py break and fix its servers, whatever language it is written in.

Each connection to the socket sends one line and gets one: `ok` with the answer, or `error` with the reason.

  standby [synchronous]       makes a streaming standby of the primary; answers its URL
  pooler [MODE]               starts PgBouncer in front of the primary, by default in transaction mode; answers its URL
  stop [MODE] [SERVER]        MODE: fast, immediate; SERVER: primary, standby, pooler
  start [SERVER]              kill [SERVER]
  promote standby             drop SERVER
  signal PID NUMBER           sends a signal to a backend of the primary
  value SQL                   answers the first value of a query by a superuser on the primary
"""

import os
import socket
import sys
import threading

from owned import OWNED
from postgres import Pooler

MODES = ("smart", "fast", "immediate")


def send(line):
    """Sends one command to the control socket of the test that runs this program; returns its answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ["EMBEDQ_TEST_POSTGRES_CONTROL"])
        connection.sendall(line.encode() + b"\n")
        return connection.makefile().readline().rstrip("\n")


class Control:
    """Serves the socket at `path` until it is closed."""

    def __init__(self, primary):
        self._servers = {"primary": primary}
        self._folder = OWNED.folder("embedq-control-")
        self.path = self._folder / "socket"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self.path))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        for name in [name for name in self._servers if name != "primary"]:
            self._servers.pop(name).close()
        OWNED.remove(self._folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rw") as stream:
                try:
                    answer = self._do(*stream.readline().rstrip("\n").split(" ", 1))
                    stream.write(("ok " + answer).strip() if answer else "ok")
                except Exception as error:  # noqa: BLE001: any error is sent to the client
                    stream.write("error " + " ".join(str(error).split()))
                    print(f"control: {error}", file=sys.stderr)
                stream.write("\n")

    def _do(self, verb, rest=""):
        words = rest.split()
        if verb == "value":
            return self._servers["primary"].value(rest)
        if verb == "standby":
            self._servers["standby"] = self._servers["primary"].standby(synchronous=words == ["synchronous"])
            return self._servers["standby"].url()
        if verb == "pooler":
            self._servers["pooler"] = Pooler(self._servers["primary"], *words)
            return self._servers["pooler"].url()
        if verb == "signal":
            return self._servers["primary"].signal_backend(int(words[0]), int(words[1]))
        mode = [words.pop(0)] if verb == "stop" and words and words[0] in MODES else []
        if verb == "drop":
            return self._servers.pop(words[0]).close()
        if verb in ("stop", "start", "kill", "promote"):
            name = words[0] if words else "primary"
            if name not in self._servers:
                raise LookupError(f"the server '{name}' does not exist")
            return getattr(self._servers[name], verb)(*mode)
        raise LookupError(f"the command '{verb}' does not exist")
