"""What a fault that lasts costs in the log: a line when it begins, with its reason, and one when it is over, and never
more than a few a minute. All faults at the same time, each with a worker of its own. The short form lasts some seconds,
in which a flood has hundreds of lines; EMBEDQ_SOAK=1 makes it five minutes."""

import json
import re
import socket
import sqlite3
import subprocess
import threading
import time

import program
from case import Case, documents
from deployment import SCHEDULER, SOAK, Worker, Deployment, new_database
from owned import OWNED, wait_until
from postgres import HOST, make_url
from test_silence import Proxy

LASTS = 300 if SOAK else 12  # seconds
MOST = 6  # lines a minute
FULL = """
    CREATE FUNCTION public.disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
    END $$;
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'embedq' LOOP
            EXECUTE format('CREATE TRIGGER disk_full BEFORE INSERT OR UPDATE OR DELETE ON embedq.%I '
                           'FOR EACH STATEMENT EXECUTE FUNCTION public.disk_full()', name);
        END LOOP;
    END $$;"""


class Door(Proxy):
    """A proxy that can refuse connections, as a server does that is not there, and accept them again."""

    def __init__(self, port):
        self.clients = []
        super().__init__(port)

    def serve(self, client, number):
        self.clients.append(client)
        super().serve(client, number)

    def refuse(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # ends the accept under way, which would keep the port open
        self.listener.close()
        for client in self.clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept_again(self):
        self.listener = socket.create_server((HOST, self.port))
        threading.Thread(target=self.accept, daemon=True).start()


class Scene:
    """A worker under one fault: `begin` begins it, `end` ends it, and afterwards the log says so. Without `begin` the
    worker has met nothing else."""

    def __init__(self, name, worker, begin=None, end=None, says=1):
        self.name, self.worker, self.begin, self.end, self.says = name, worker, begin, end, says
        self.before = 0

    def start(self):
        if self.begin:
            self.before = len(self.worker.said())
            self.begin()

    def lines(self):
        return self.worker.said()[self.before:].splitlines()


class LogRates(Case):
    def on_postgres(self, name, begin, end):
        """`begin(deployment, proxy)` and `end(deployment, proxy, what begin returned)`"""
        door = Door(self.server.port)
        self.addCleanup(door.close)
        database = new_database(self.server)
        made = Deployment(self.server, database, latency="200ms", batch=4, concurrency=1)
        self.addCleanup(made.close)
        made.put(documents(6, 400))
        worker = made.launch(name, "worker", environment={
            "EMBEDQ_DATABASE_URL": make_url([door.port], database, application_name=name)})
        made.came_to_work(worker)
        state = []
        return Scene(name, worker, lambda: state.append(begin(made, door)), lambda: end(made, door, *state))

    def on_sqlite(self, name, faults=(), begin=None, end=None, says=1):
        world = program.World()
        self.addCleanup(world.close)
        file = world.folder / "embedq.db"
        world.config.write_text(json.dumps({
            "version": 1, "store": {"plugin": "sqlite", "options": {"path": str(file)}},
            "notifier": {"plugin": "poll", "options": {"interval": "100ms"}},
            "providers": {"sim": {"plugin": "simulated", "limits": {"concurrency": 2, "batch_inputs": 4},
                                  "options": {"dimension": 16, "latency": "100ms", "faults": list(faults)}}},
            "embedding": {"provider": "sim"}, "scheduler": SCHEDULER}))
        paths = [world.write(f"{spec}.json", document) for spec, document in documents(4, 400).items()]
        assert world.run("migrate", "up").returncode == 0
        world.start("index", *paths, "--no-work")  # stays, for the worker to embed them
        wait_until(lambda: [each for each in world.json("status")["catalogs"] if each["operation_count"] == 1600],
                   "the documents are written")
        log = world.folder / "worker.log"
        with open(log, "w", encoding="utf-8") as output:
            process = subprocess.Popen(world.command("worker"), env=world.environment(), cwd=world.folder,
                                       stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        OWNED.adopt(process)
        self.addCleanup(OWNED.released, process)
        world.processes.append(process)
        worker = Worker(name, process, log)
        if end:
            def working():
                return world.json("status")["catalogs"][0]["embedding_count"] > 0
            wait_until(working, lambda: worker.said())
        state = []
        return Scene(name, worker, begin and (lambda: state.append(begin(file))), end and (lambda: end(*state)), says)

    def scenes(self):
        def lock(table):
            return lambda made, door: made.lock(f"LOCK TABLE embedq.{table} IN ACCESS EXCLUSIVE MODE")

        def release(made, door, session):
            session.close()

        def lock_file(file):
            connection = sqlite3.connect(file, isolation_level=None, timeout=60)
            connection.execute("BEGIN EXCLUSIVE")
            return connection

        return [
            self.on_postgres("refused", lambda made, door: door.refuse(), lambda made, door, _: door.accept_again()),
            self.on_postgres("frozen", lambda made, door: door.freeze(), lambda made, door, _: door.thawed.set()),
            self.on_postgres("workers-locked", lock("workers"), release),
            self.on_postgres("leases-locked", lock("job_leases"), release),
            self.on_postgres("disk-full", lambda made, door: made.ask(FULL),
                             lambda made, door, _: made.ask("DROP FUNCTION public.disk_full() CASCADE")),
            self.on_sqlite("file-locked", begin=lock_file, end=lambda connection: connection.close()),
            self.on_sqlite("refuses-the-key", ["misconfigured"]),
            self.on_sqlite("unavailable", ["fail"]),
            self.on_sqlite("comes-and-goes", ["fail rate=0.5"], says=0),
            self.on_sqlite("throttles", ["throttle above=5/s retry_after=1s"]),
            # A call that hangs is logged when its time is over, after two minutes.
            self.on_sqlite("hangs", ["hang"], says=1 if SOAK else 0),
        ]

    def test_a_fault_that_lasts_costs_few_lines(self):
        scenes = self.scenes()
        for scene in scenes:
            scene.start()
        time.sleep(LASTS)
        most = MOST * max(1, LASTS / 60)
        for scene in scenes:
            lines = scene.lines()
            print(f"{scene.name}: {len(lines)} lines in {LASTS} s")
            with self.subTest(scene.name):
                self.assertLessEqual(len(lines), most, scene.worker.said())
                said = [line for line in lines if re.search(r"(WARN|warn|ERROR|error)", line)]
                self.assertGreaterEqual(len(said), scene.says, scene.worker.said())
        for scene in scenes:
            if scene.end:
                scene.end()
        for scene in scenes:
            if scene.end:
                wait_until(lambda: "works again after" in scene.worker.said()[scene.before:],
                           lambda: f"{scene.name} is over\n{scene.worker.said()}")
        for scene in scenes:
            scene.worker.stop()
            self.assertIn("stopped after ", scene.worker.said())
