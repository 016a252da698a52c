"""What falls silent: a connection whose peer acknowledges and never answers, a provider that hangs. Work continues, and
every process ends in time."""

import json
import signal
import sqlite3
import time

from case import Case, documents
from deployment import LEASE, SOAK, Deployment, new_database
from owned import wait_until
from postgres import make_url
from proxy import Proxy

STOP = 10  # seconds within which a process must end after a signal
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) if SOAK else (signal.SIGTERM,)
SLOW = {"latency": "60ms", "batch": 8, "concurrency": 1}  # a process has work for long
CALL_TIMEOUT = 10  # seconds, the default of the store's option `call_timeout`


class OnSqlite(Deployment):
    """All processes on one file."""

    def configure(self, name, **settings):
        path = super().configure(name, **settings)
        configuration = json.loads(path.read_text())
        configuration["store"] = {"plugin": "sqlite", "options": {"path": str(self.file)}}
        path.write_text(json.dumps(configuration))
        return path

    @property
    def file(self):
        return self.folder / "data" / "embedq.db"

    def migrated(self):
        try:
            return self.value("PRAGMA user_version") > 0
        except sqlite3.Error:
            return False

    def value(self, sql):
        session = sqlite3.connect(self.file)
        try:
            return session.execute(sql).fetchone()[0]
        finally:
            session.close()


class Silence(Case):
    def behind_a_proxy(self, **settings):
        proxy = Proxy(self.server.port)
        self.addCleanup(proxy.close)
        database = new_database(self.server)
        made = Deployment(self.server, database, **settings)
        self.addCleanup(made.close)
        made.proxied = lambda **parameters: make_url([proxy.port], database, **parameters)
        return made, proxy

    def through(self, deployment, name, *words, **settings):
        return deployment.launch(name, *words,
                                 environment={"EMBEDQ_DATABASE_URL": deployment.proxied(application_name=name)},
                                 **settings)

    def all_commands(self, d, launch):
        """`worker`, `serve` and `index` on one deployment. Each asks the store several times a second."""
        d.put(documents(4, 100))
        file = d.write("long.json", documents(1, 400, first=9)["s9"])
        started = [launch(d, *words) for words in (["worker", "worker"], ["serve", "serve"], ["index", "index", file])]
        for one in started:
            d.until(f"SELECT count(*) > 0 FROM embedq.workers WHERE pid = {one.pid}", f"{one.name} works")
        return started

    def stop_in_time(self, what, started, numbers=None, statuses=(0, 1)):
        """Sends each its signal, and checks that all end in time: `worker` and `serve` with one of the statuses,
        `index` with 1, since it was not done."""
        began = time.monotonic()
        took = {}
        for one, number in zip(started, numbers or [signal.SIGTERM] * len(started)):
            one.process.send_signal(number)

        def ended():
            for one in started:
                if one.name not in took and one.process.poll() is not None:
                    took[one.name] = time.monotonic() - began
            return len(took) == len(started)
        wait_until(ended, lambda: f"all end: {took}", seconds=STOP + 5)
        print(f"{what}:", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items()))
        for one in started:
            self.assertLess(took[one.name], STOP, one.said())
            self.assertIn(one.process.returncode, (1,) if one.name == "index" else statuses, one.said())
            if one.process.returncode == 1 and one.name != "index":
                self.assertIn("the stop took longer than", one.said())
        return took

    def test_work_continues_over_new_connections(self):
        d, proxy = self.behind_a_proxy(**SLOW)
        d.put(documents(6, 40))
        worker = self.through(d, "worker", "worker")
        d.until("SELECT count(*) >= 40 FROM embedq.vectors", "some vectors are there")
        proxy.freeze_present()
        began = time.monotonic()
        before = d.number("SELECT count(*) FROM embedq.vectors")
        d.until(f"SELECT count(*) > {before + 8} FROM embedq.vectors", "work continues")
        took = time.monotonic() - began
        print(f"the work went on after {took:.1f} s")
        self.assertLess(took, LEASE + CALL_TIMEOUT, worker.said())
        d.finish(worker, heir=False)

    def test_a_stop_ends_in_time_while_the_database_is_silent(self):
        for number in SIGNALS:
            d, proxy = self.behind_a_proxy(**SLOW, notifier={"plugin": "postgres_listen"})
            started = self.all_commands(d, self.through)
            proxy.freeze()
            started.append(self.through(d, "starting", "worker"))
            time.sleep(1)  # calls are under way
            took = self.stop_in_time("the database is silent", started, [number, number, signal.SIGHUP, number])
            self.assertLess(took["starting"], 3, "connecting ends, too")

    def test_a_stop_ends_in_time_while_the_database_refuses_connections(self):
        for number in SIGNALS:
            d, proxy = self.behind_a_proxy(**SLOW)
            started = self.all_commands(d, self.through)
            proxy.refuse()
            time.sleep(1)
            self.stop_in_time("the database refuses", started, [number] * 3, statuses=(0,))

    def test_a_stop_ends_in_time_behind_a_locked_table(self):
        for number in SIGNALS:
            d = self.deployment(**SLOW)
            started = self.all_commands(d, Deployment.launch)
            # Each by a session of its own, which holds none while it waits for its own.
            locks = [d.lock(f"LOCK TABLE embedq.{table} IN ACCESS EXCLUSIVE MODE")
                     for table in ("jobs_ready", "migrations")]
            started.append(d.launch("starting", "worker"))
            d.until("SELECT count(DISTINCT application_name) = 4 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                    "AND application_name IN ('worker', 'serve', 'index', 'starting')", "all wait")
            took = self.stop_in_time("a table is locked", started, [number] * 4)
            self.assertLess(took["starting"], 5, "nothing had begun that a stop would have to wait for")
            for lock in locks:
                lock.close()

    def test_a_stop_ends_in_time_while_the_file_is_locked(self):
        for number in SIGNALS:
            d = OnSqlite(self.server, **SLOW)
            self.addCleanup(d.close)
            file = d.write("long.json", documents(1, 400)["s0"])
            started = [d.launch("index", "index", file), d.launch("worker", "worker"), d.launch("serve", "serve")]
            wait_until(lambda: d.file.exists() and d.migrated(), "the schema is there")
            for one in started:
                wait_until(lambda pid=one.pid: d.value(f"SELECT count(*) FROM workers WHERE pid = {pid}"), "it works")
            other = sqlite3.connect(d.file, timeout=60, isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            time.sleep(1)  # calls are under way
            self.stop_in_time("the file is locked", started, [number] * 3, statuses=(0,))
            other.close()

    def stuck(self, fault):
        """Each command on a deployment of its own, in a call to a provider with that fault."""
        started = []
        for words in (["worker"], ["serve"], ["index"]):
            d = self.deployment(**SLOW)
            if words == ["index"]:
                words.append(d.write("some.json", documents(1, 40)["s0"]))
            else:
                d.put(documents(1, 40))
            # It may be started with SIGHUP ignored, as by nohup.
            before = signal.signal(signal.SIGHUP, signal.SIG_IGN if words == ["serve"] else signal.SIG_DFL)
            started.append(d.launch(words[0], *words, faults=[f"{fault} calls=2.."]))
            signal.signal(signal.SIGHUP, before)
            d.until("SELECT count(*) > 0 FROM embedq.vectors", "the first call is over, and the second one begins")
        return started

    def test_a_stop_ends_in_time_while_the_provider_hangs(self):
        started = self.stuck("hang")
        started[1].process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        self.assertIsNone(started[1].process.poll(), "it ignores SIGHUP from its start on")
        started[2].process.send_signal(signal.SIGHUP)  # a terminal that closes may send several
        time.sleep(0.2)
        self.stop_in_time("the provider hangs", started, [signal.SIGTERM, signal.SIGTERM, signal.SIGHUP], statuses=(0,))
        self.assertIn("stopped; run the same command again", started[2].said())

    def test_a_stop_ends_in_time_while_a_plugin_never_returns(self):
        started = self.stuck("never_returns")
        self.stop_in_time("a plugin never returns", started, statuses=(1,))
        for one in started:
            self.assertIn("not returned: provider 'sim': embed", one.said())
