"""A TCP proxy that can freeze."""

import socket
import threading
import time

from postgres import HOST


class Proxy:
    """Forwards connections to a server. Frozen, it keeps them open, accepts what is sent, and forwards nothing: what
    the kernel of a frozen pooler does."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.thawed = threading.Event()  # of all connections
        self.thawed.set()
        self.frozen = set()  # single connections, by number
        self.opened = 0
        self.broken = set()
        self.closed = False
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.closed:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            number = self.opened
            self.opened += 1
            threading.Thread(target=self.serve, args=(client, number), daemon=True).start()

    def serve(self, client, number):
        try:
            self.pass_through(number)
        except OSError:
            return client.close()
        server = socket.create_connection((HOST, self.target))
        self.connections += [client, server]
        pump = threading.Thread(target=self.forward, args=(server, client, number), daemon=True)
        pump.start()
        self.forward(client, server, number)
        pump.join()
        client.close()
        server.close()

    def pass_through(self, number):
        self.thawed.wait()
        while number in self.frozen and not self.closed:
            if number in self.broken:
                raise ConnectionResetError
            time.sleep(0.05)

    def forward(self, source, sink, number):
        try:
            while data := source.recv(65536):
                self.pass_through(number)
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def freeze_present(self):
        """The connections that are open now; new ones work."""
        self.frozen = set(range(self.opened))

    def cut(self):
        """Breaks the frozen connections, with what they have not forwarded."""
        self.broken |= self.frozen

    def freeze(self):
        """All, and those that come."""
        self.thawed.clear()

    def refuse(self):
        """Ends all connections, and takes no more."""
        self.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.closed = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # ends the wait in accept
        except OSError:
            pass
        self.listener.close()
        self.thawed.set()
        self.frozen = set()
