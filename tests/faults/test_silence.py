"""What falls silent: a connection whose peer acknowledges and never answers, a provider that hangs. Work continues, and
every process ends in time."""

import signal
import socket
import threading
import time

from case import Case, documents
from deployment import LEASE, Deployment, new_database
from postgres import HOST, make_url

STOP = 10  # seconds within which a process must end after SIGTERM
CALL_TIMEOUT = 10  # seconds, the default of the store's option `call_timeout`


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
        self.closed = False
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
        self.pass_through(number)
        server = socket.create_connection((HOST, self.target))
        pump = threading.Thread(target=self.forward, args=(server, client, number), daemon=True)
        pump.start()
        self.forward(client, server, number)
        pump.join()
        client.close()
        server.close()

    def pass_through(self, number):
        self.thawed.wait()
        while number in self.frozen and not self.closed:
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

    def freeze(self):
        """All, and those that come."""
        self.thawed.clear()

    def close(self):
        self.closed = True
        self.listener.close()
        self.thawed.set()
        self.frozen = set()


class Silence(Case):
    def behind_a_proxy(self, **settings):
        proxy = Proxy(self.server.port)
        self.addCleanup(proxy.close)
        database = new_database(self.server)
        made = Deployment(self.server, database, **settings)
        self.addCleanup(made.close)
        direct = made.url
        made.proxied = lambda **parameters: make_url([proxy.port], database, **parameters)
        self.assertIn(str(self.server.port), direct())
        return made, proxy

    def through(self, deployment, name, *words, **settings):
        return deployment.launch(name, *words,
                                 environment={"EMBEDQ_DATABASE_URL": deployment.proxied(application_name=name)},
                                 **settings)

    def ends_in_time(self, process, number=signal.SIGTERM):
        began = time.monotonic()
        process.process.send_signal(number)
        process.process.wait(STOP + 5)
        took = time.monotonic() - began
        self.assertLess(took, STOP, process.said())
        return took

    def test_work_continues_over_new_connections(self):
        d, proxy = self.behind_a_proxy(latency="60ms", batch=8, concurrency=1)
        d.put(documents(6, 40))
        worker = self.through(d, "worker", "worker")
        d.until("SELECT count(*) >= 40 FROM embedq.vectors", "some vectors are there")
        proxy.freeze_present()
        began = time.monotonic()
        before = d.number("SELECT count(*) FROM embedq.vectors")
        d.until(f"SELECT count(*) > {before + 8} FROM embedq.vectors", "work continues")
        self.assertLess(time.monotonic() - began, LEASE + CALL_TIMEOUT, worker.said())
        d.finish(worker, heir=False)

    def test_every_command_ends_in_time_while_the_database_is_silent(self):
        for words in (["worker"], ["serve"]):
            with self.subTest(words):
                d, proxy = self.behind_a_proxy(latency="60ms", batch=8, concurrency=1)
                d.put(documents(4, 40))
                one = self.through(d, words[0], *words)
                d.came_to_work(one)
                proxy.freeze()
                time.sleep(1)  # calls are under way
                self.ends_in_time(one)

    def test_index_ends_in_time_while_the_database_is_silent(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                d, proxy = self.behind_a_proxy(latency="60ms", batch=8, concurrency=1)
                d.migrate()
                file = d.write("s.json", documents(1, 400)["s0"])
                index = self.through(d, "index", "index", file)
                d.until("SELECT count(*) >= 8 FROM embedq.vectors", "some vectors are there")
                proxy.freeze()
                self.ends_in_time(index, number)

    def test_every_command_ends_in_time_while_the_provider_hangs(self):
        for words in (["worker"], ["serve"]):
            with self.subTest(words):
                d = self.deployment()
                d.put(documents(1, 10))
                one = d.launch(words[0], *words, faults=["hang rate=1"])
                d.came_to_work(one)
                self.assertEqual(one.process.poll(), None)
                self.ends_in_time(one)
                self.assertEqual(one.process.returncode, 0, one.said())
