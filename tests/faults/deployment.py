"""embedq deployed on a PostgreSQL server as a team does it: workers as processes, documents put by
`embedq index --no-work`.

    deployment = Deployment(server, database)
    deployment.put({"pets": document("pets", 16)})   # returns when it is written; with stay=True when it is embedded
    worker = deployment.worker("doomed", latency="1s")
    deployment.until("SELECT count(*) > 0 FROM embedq.vectors", "the first vectors")
    worker.kill()
    deployment.finish()                              # another worker does the rest, then the oracle checks everything

A worker's name is the application_name of its sessions, so that a test sees in pg_stat_activity what it waits for. Its
options change neither model nor dimension, so all workers share the same profile.
"""

import json
import os
import signal
import subprocess
import sys

import program
from oracle import Oracle
from owned import OWNED, wait_until
from postgres import DATABASE, ROLE, Cluster, SqlError

SOAK = bool(os.environ.get("EMBEDQ_SOAK"))
LEASE = 2  # seconds
# For workers that must keep their jobs even on an overloaded machine.
KEEPING = {"lease": "60s"}
SCHEDULER = {"lease": f"{LEASE}s", "heartbeat": "500ms", "poll": "500ms", "max_attempts": 5,
             "backoff": {"base": "100ms", "max": "1s"}}
POLL = {"plugin": "poll", "options": {"interval": "100ms"}}
DIMENSION = 16
TAIL = 12  # lines of a log in a message

shared = None


def shared_server():
    """One server for all tests that do not break it."""
    global shared
    if shared is None:
        shared = Cluster(durable=False)
        make_template(shared)
    return shared


def make_template(server):
    """A database with embedq's schema, which is copied for each test."""
    server.create_database("template_embedq")
    deployment = Deployment(server, "template_embedq")
    deployment.migrate()
    deployment.close()


def new_database(server, names=iter(range(10**9))):
    name = f"d{next(names)}"
    server.sql(f"CREATE DATABASE {name} TEMPLATE template_embedq OWNER {ROLE}", database="postgres")
    return name


def empty_database(server, names=iter(range(10**9))):
    """One without a schema."""
    name = f"e{next(names)}"
    server.create_database(name)
    return name


def plugins():
    listed = subprocess.run([program.PROGRAM, "plugins", "list", "--json"], capture_output=True, text=True,
                            check=True).stdout
    return {(plugin["kind"], plugin["name"]) for plugin in json.loads(listed)["plugins"]}


class Worker:
    """An `embedq worker`, or another command that keeps running, with its log."""

    def __init__(self, name, process, log):
        self.name, self.process, self.log = name, process, log

    @property
    def pid(self):
        return self.process.pid

    def said(self):
        return self.log.read_text(errors="replace")

    def kill(self):
        """SIGKILL; returns when it is gone."""
        self.process.kill()
        self.process.wait()

    def pause(self):
        """SIGSTOP; returns when it is stopped."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self, number=signal.SIGTERM):
        """Stops it, and checks that it exits with status 0."""
        self.process.send_signal(number)
        status = self.process.wait(program.DEADLINE)
        assert status == 0, f"{self.name} ended with status {status}: {self.said()}"

    def done(self):
        """Waits for a command that ends by itself."""
        status = self.process.wait(program.DEADLINE)
        assert status == 0, f"{self.name} ended with status {status}: {self.said()}"


class Deployment(program.World):
    def __init__(self, server, database=DATABASE, url=None, **settings):
        """`url(**parameters)` is what the processes connect to; by default the server itself. `settings` are those
        of `configure`."""
        super().__init__()
        self.server, self.database = server, database
        self.url = url or (lambda **parameters: server.url(database, **parameters))
        self.settings = settings
        self.expected = {}
        self.written = {}  # by catalog and spec: how often it was written
        self.started = []
        self.session = None
        self.oracle = Oracle(self.ask)

    def close(self):
        # For the diagnosis of a failure.
        print(self.logs(), f"--- {self.server.name}:", self.server.log_tail(), sep="\n", file=sys.stderr)
        super().close()
        for one in self.started:
            OWNED.released(one.process)
        if self.session:
            self.session.close()

    # -- the database, from the outside

    def ask(self, sql):
        """Rows, by a superuser's session that stays open."""
        if self.session is None:
            self.session = self.server.session(self.database)
            self.session.sql("SET statement_timeout = '30s'")  # the test may hold a lock itself
        try:
            return self.session.sql(sql)
        except SqlError:
            self.session.close()
            self.session = None
            raise

    def value(self, sql):
        return self.ask(sql)[0][0]

    def number(self, sql):
        return int(self.value(sql) or 0)

    def until(self, sql, what, **arguments):
        """Waits until the only value of the only row is true. Retries while the server is not reachable."""
        def holds():
            try:
                return self.value(sql) == "t"
            except SqlError:
                return False
        wait_until(holds, lambda: f"{what}\n{self.logs()}", **arguments)

    def waits_in(self, worker, function):
        """Waits until one of the worker's sessions waits for a lock inside the function. Returns the session's pid."""
        def waiting():
            rows = self.ask(f"""SELECT pid FROM pg_stat_activity WHERE application_name = '{worker.name}'
                                AND wait_event_type = 'Lock'
                                AND state = 'active' AND query LIKE '%{function}%'""")
            return rows and int(rows[0][0])
        return wait_until(waiting, lambda: f"{worker.name} waits in {function}\n{self.logs()}")

    def lock(self, statement):
        """A session that holds a lock until it is closed."""
        session = self.server.session(self.database)
        session.sql(f"BEGIN; {statement}")
        return session

    def lock_behind(self, statement):
        """A session that gets its lock after the sessions that wait for one already. `answer` waits for it."""
        session = self.server.session(self.database)
        session.ask(f"BEGIN; {statement}")
        self.until(f"SELECT count(*) > 0 FROM pg_locks WHERE pid = {session.pid} AND NOT granted",
                   "the lock is waited for")
        return session

    def cut_off(self, worker):
        """Ends all sessions of a worker that sends no more statements. What it had not committed is rolled back."""
        self.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{worker.name}'")
        self.gone(worker)

    def gone(self, worker):
        """Waits until the server has ended the sessions of a worker that was killed: its last statements are
        committed by then, or rolled back."""
        self.until(f"SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = '{worker.name}'",
                   f"the sessions of {worker.name} are gone")

    def kill(self, worker):
        """SIGKILL; returns when the server has ended its sessions."""
        worker.kill()
        self.gone(worker)

    def freeze(self, worker):
        """SIGSTOP; returns when the server has answered the worker's last statements."""
        worker.pause()
        self.until(f"SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = '{worker.name}' "
                   "AND state = 'active'",
                   f"no statement of {worker.name} is active")

    def came_to_work(self, worker):
        """Waits until the worker has claimed a job, whether it still holds it or not."""
        self.until(f"""SELECT EXISTS (SELECT 1 FROM embedq.job_leases WHERE worker_id LIKE '%-{worker.pid}-%')
                       OR EXISTS (SELECT 1 FROM embedq.jobs_done
                       WHERE worker_id LIKE '%-{worker.pid}-%')""", f"{worker.name} claims")

    # -- processes

    def configure(self, name, latency="0ms", latency_per_input="0ms", concurrency=2, batch=8, per_minute=0, faults=(),
                  notifier=None,
                  scheduler=None, dimension=DIMENSION):
        """Writes a YAML file and returns its path."""
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps({
            "version": 1,
            "store": {"plugin": "postgres", "options": {"url": "${EMBEDQ_DATABASE_URL}"}},
            "notifier": notifier or POLL,
            "providers": {"sim": {
                "plugin": "simulated",
                "options": {"dimension": dimension, "latency": latency, "latency_per_input": latency_per_input,
                            "faults": list(faults)},
                "limits": {"concurrency": concurrency, "batch_inputs": batch, "requests_per_minute": per_minute}}},
            "embedding": {"provider": "sim"},
            "scheduler": {**SCHEDULER, **(scheduler or {})}}))
        return path

    def launch(self, name, *words, environment=None, **settings):
        """Starts a command under that name."""
        config = self.configure(name, **{**self.settings, **settings})
        log = self.folder / f"{name}.log"
        whole = {**self.environment(), "EMBEDQ_DATABASE_URL": self.url(application_name=name), **(environment or {})}
        with open(log, "a", encoding="utf-8") as file:
            process = subprocess.Popen([program.PROGRAM, "--config", str(config), *map(str, words)], env=whole,
                                       cwd=self.folder,
                                       stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        OWNED.adopt(process)
        self.processes.append(process)
        self.started.append(Worker(name, process, log))
        return self.started[-1]

    def worker(self, name="worker", **settings):
        return self.launch(name, "worker", **settings)

    def migrate(self):
        self.launch("migrate", "migrate", "up").done()

    def logs(self):
        """The last lines of all logs, for a message."""
        return "".join(f"--- {one.name}:\n" + "\n".join(one.said().splitlines()[-TAIL:]) + "\n" for one in self.started)

    # -- documents

    def put(self, documents, catalog="default", stay=False, name="put"):
        """Writes documents by `embedq index --no-work`. Returns when they are written, or with `stay` when they are
        embedded."""
        files = []
        for spec, document in documents.items():
            files.append(self.write(f"{spec}.json", document))
            self.expected.setdefault(catalog, {})[spec] = document
            self.written[catalog, spec] = self.written.get((catalog, spec), 0) + 1
        index = self.launch(name, "index", *files, "--catalog", catalog, "--no-work")
        if stay:
            return index.done()
        wanted = [f"('{catalog}', '{spec}', {self.written[catalog, spec]})" for spec in documents]
        self.until(f"""SELECT count(*) = {len(wanted)} FROM embedq.specs s JOIN embedq.catalogs c USING (catalog)
                       JOIN (VALUES {', '.join(wanted)}) w(catalog_id, spec_name, generation)
                       ON (c.catalog_id, s.spec_name, s.generation) = (w.catalog_id, w.spec_name, w.generation)""",
                   "the documents are written")
        # When this returns, whatever else it does (such as enqueueing lost jobs) is done or cancelled, or waits for a
        # lock of the test.
        index.process.send_signal(signal.SIGINT)
        waits = f"SELECT 1 FROM pg_stat_activity WHERE application_name = '{name}' AND wait_event_type = 'Lock'"
        wait_until(lambda: index.process.poll() is not None or self.ask(waits), lambda: f"{name} ends\n{self.logs()}")

    def operations(self):
        return sum(len(item) for specs in self.expected.values() for document in specs.values()
                   for item in document["paths"].values())

    # -- the end

    def settled(self, **arguments):
        """Waits until nothing is left to do, by the tables."""
        self.until("""SELECT NOT EXISTS (SELECT 1 FROM embedq.jobs_ready)
                      AND NOT EXISTS (SELECT 1 FROM embedq.job_leases)
                      AND EXISTS (SELECT 1 FROM embedq.jobs_done)""", "all jobs end", **arguments)

    def check(self, **arguments):
        try:
            return self.oracle.check(self.expected, **arguments)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs()}") from None

    def finish(self, *workers, heir=True):
        """Another worker does what is left; then all workers stop cleanly, and the oracle checks everything."""
        running = list(workers)
        if heir:
            running.append(self.worker("heir", scheduler=KEEPING))
        self.settled()
        for one in running:
            one.stop()
        return self.check()
