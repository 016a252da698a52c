"""What happens to the database while workers run: sessions ended, crashes, failover, a pooler, a full disk."""

import ctypes
import errno
import os
import pathlib
import subprocess
import time
import unittest

from case import Case, documents
from deployment import KEEPING, LEASE, SOAK, Deployment, empty_database, make_template, new_database
from owned import OWNED, wait_until
from postgres import Cluster, Pooler, SqlError, make_url, multi_host_url
from program import DEADLINE
from proxy import Proxy

SPECS, OPERATIONS = (40, 40) if SOAK else (12, 20)
TEXTS = SPECS * OPERATIONS
WORK = {"latency": "60ms", "batch": 8, "concurrency": 1}  # some seconds for two workers
VECTORS = "SELECT count(*) FROM embedq.vectors"
WITHOUT_A_JOB = """
SELECT s.spec_name FROM embedq.specs s
WHERE EXISTS (SELECT 1 FROM embedq.operations o WHERE o.spec = s.spec
              AND NOT EXISTS (SELECT 1 FROM embedq.vectors v WHERE v.text = o.text))
  AND NOT EXISTS (SELECT 1 FROM embedq.jobs_ready r WHERE r.ref = s.ref)
  AND NOT EXISTS (SELECT 1 FROM embedq.job_leases l CROSS JOIN unnest(l.jobs) j WHERE j.ref = s.ref
  AND j.id <> ALL (l.ended))"""


class Shaken(Case):
    """A deployment with two workers and some seconds of work."""

    def begin(self, deployment, **settings):
        # The first worker takes all jobs: so each half is put while the other worker is stopped.
        workers = []
        for i in range(2):
            deployment.put(documents(SPECS // 2, OPERATIONS, first=i * SPECS // 2), name=f"put{i}")
            workers.append(deployment.worker(f"worker{i}", **{**WORK, **settings}))
            deployment.came_to_work(workers[i])
            if i == 0:
                workers[0].pause()
        workers[0].go_on()
        return workers

    def reached(self, deployment, part):
        """Waits until that part of the work is done."""
        deployment.until(f"SELECT count(*) >= {int(TEXTS * part)} FROM embedq.vectors", f"{part:.0%} of the vectors")


class Sessions(Shaken):
    def test_sessions_are_ended_again_and_again(self):
        d = self.deployment()
        workers = self.begin(d)
        self.reached(d, 0.05)
        ended, more = 0, 0

        def end_sessions():
            nonlocal ended, more
            ended += d.number("""SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                                 WHERE datname = current_database() AND application_name LIKE 'worker%'
                                 AND backend_start < clock_timestamp() - interval '150 ms'""")
            d.oracle.look()
            most_is_done = d.number(VECTORS) >= d.operations() * 0.8
            if most_is_done and ended <= 10:
                # The workers were faster than this test.
                d.put(documents(SPECS, OPERATIONS, first=SPECS * (more + 1)), name=f"more{more}")
                more += 1
            return most_is_done and ended > 10
        # No session gets older than 150 ms: statements are cut off at any point.
        wait_until(end_sessions, lambda: f"most of the work is done, and more than ten sessions were ended\n{d.logs()}")
        self.assertEqual(d.finish(*workers, heir=False), d.operations())

    def test_a_put_whose_session_is_ended_is_whole_or_absent(self):
        """write_and_enqueue_are_one, while producers are cut off."""
        d = self.deployment()
        worker = d.worker("worker", **WORK)
        # From here on the catalog has a target. Without one, as after a put that was cut off, no job would be due.
        d.put(documents(1, 1, first=SPECS), name="first", stay=True)
        files = [d.write(f"{name}.json", document) for name, document in documents(SPECS, OPERATIONS).items()]
        d.expected["default"].update(documents(SPECS, OPERATIONS))
        index, cut = None, 0

        def end_sessions():
            nonlocal index, cut
            # It may fail because the connection broke; then it is run again.
            if index is None or index.process.poll() is not None:
                index = d.launch("put", "index", *files, "--no-work")
            cut += d.number("""SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                               WHERE datname = current_database() AND application_name = 'put' AND state = 'active'""")
            d.oracle.look()
            self.assertEqual(d.ask(WITHOUT_A_JOB), [], "a spec was written without its job")
            return cut >= 10
        wait_until(end_sessions, lambda: f"ten sessions are ended\n{d.logs()}")
        index.process.wait(DEADLINE)
        d.launch("put again", "index", *files, "--no-work").done()
        self.assertEqual(d.finish(worker, heir=False), d.operations())


class Crashes(Shaken):
    FIRST = True
    OWN = {}  # durable

    def test_the_server_crashes_and_comes_back(self):
        d = self.deployment()
        workers = self.begin(d)
        for part in (0.1, 0.4, 0.7):
            self.reached(d, part)
            d.oracle.look()
            self.server.stop("immediate")
            self.server.start()
        self.assertEqual(d.finish(*workers, heir=False), TEXTS)

    def test_it_stays_away_for_longer_than_a_lease(self):
        d = self.deployment()
        regularly = 60
        workers = self.begin(d, scheduler={"reap": f"{regularly}s"})
        self.reached(d, 0.3)
        d.oracle.look()
        self.server.stop("immediate")
        self.addCleanup(lambda: self.server.running or self.server.start())
        # After half a lease without a heartbeat, a worker releases its jobs, and logs that.
        for worker in workers:
            wait_until(lambda: "no heartbeat reached the store for half a lease" in worker.said(),
                       lambda: f"{worker.name} releases its jobs\n{d.logs()}")
        time.sleep(LEASE)  # the leases end while nobody can see it
        self.server.start()
        back = time.monotonic()
        # recovered_in_time: the jobs are given back, or returned by a worker that tries to reap again soon, not at its
        # next regular time.
        d.settled()
        self.assertLess(time.monotonic() - back, regularly - 1, d.logs())
        self.assertEqual(d.finish(*workers, heir=False), TEXTS)


class Failover(Shaken):
    @classmethod
    def setUpClass(cls):
        pass  # after a failover the server is of no use for a second test

    def test_a_synchronous_standby_is_promoted(self):
        self.server = self.enterContext(Cluster(durable=False))
        make_template(self.server)
        with self.server.standby(synchronous=True) as standby:
            database = new_database(self.server)
            d = Deployment(self.server, database,
                           url=lambda **parameters: multi_host_url([self.server, standby], database=database,
                                                                   **parameters))
            self.addCleanup(d.close)
            workers = self.begin(d)
            self.reached(d, 0.3)
            d.oracle.look()  # what it sees is on both servers
            self.server.kill()
            standby.promote()
            d.server = standby
            self.assertEqual(d.finish(*workers, heir=False), TEXTS)


class Pooled(Shaken):
    def test_pgbouncer_in_transaction_mode(self):
        with Pooler(self.server, settings={"default_pool_size": 6}) as pooler:
            database = new_database(self.server)  # migrated on the direct URL
            d = Deployment(self.server, database,
                           url=lambda **parameters: make_url([pooler.port], database=database, **parameters))
            self.addCleanup(d.close)
            workers = self.begin(d)
            self.reached(d, 0.3)
            d.oracle.look()
            pooler.kill()
            pooler.start()
            self.assertEqual(d.finish(*workers, heir=False), TEXTS)
            # The pooler was used: it has the database.
            self.assertEqual(pooler.value("SELECT current_database()", database=database), database)

    def test_an_unmigrated_database_behind_it_is_refused_with_a_hint(self):
        with Pooler(self.server) as pooler:
            database = empty_database(self.server)
            d = Deployment(self.server, database,
                           url=lambda **parameters: make_url([pooler.port], database=database, **parameters))
            self.addCleanup(d.close)
            migrate = d.launch("migrate", "migrate", "up")
            self.assertEqual(migrate.process.wait(DEADLINE), 2, migrate.said())
            self.assertIn("there is a pooler in between", migrate.said())
            direct = {"EMBEDQ_DATABASE_URL": self.server.url(database)}
            d.launch("direct", "migrate", "up", environment=direct).done()
            d.launch("status", "migrate", "status").done()


class AnswersLost(Case):
    """The server commits, but the connection breaks before the answer arrives.

    A proxy is between. It is frozen while a statement waits in the server for a lock of the test. The lock is released,
    the statement commits, and the proxy breaks its connections with the answer in it.
    """

    def setUp(self):
        self.proxy = Proxy(self.server.port)
        self.addCleanup(self.proxy.close)
        database = new_database(self.server)
        self.d = Deployment(self.server, database,
                            url=lambda **parameters: make_url([self.proxy.port], database=database, **parameters))
        self.addCleanup(self.d.close)
        self.d.put(documents(SPECS, OPERATIONS))

    def test_of_a_claim(self):
        with self.d.lock("LOCK TABLE embedq.spec_names IN ACCESS EXCLUSIVE MODE"):
            worker = self.d.worker(**WORK, scheduler=KEEPING)
            self.d.waits_in(worker, "claim(")
            self.proxy.freeze_present()
        self.d.until("SELECT count(*) > 0 FROM embedq.job_leases", "the claim is committed")
        self.proxy.cut()
        self.assertEqual(self.d.finish(worker, heir=False), TEXTS)
        # It asked again and got what it had claimed: nobody had to wait for the lease to expire, and no attempt was
        # used.
        self.assertEqual(self.d.number("SELECT sum(expiries) + sum(attempts) FROM embedq.jobs_done"), 0)

    def test_of_a_commit(self):
        with self.d.lock("LOCK TABLE embedq.vectors IN SHARE MODE"):
            worker = self.d.worker(**WORK)
            self.d.waits_in(worker, "commit_jobs")
            self.proxy.freeze_present()
        self.d.until("SELECT count(*) > 0 FROM embedq.vectors", "the commit is committed")
        self.proxy.cut()
        self.assertEqual(self.d.finish(worker, heir=False), TEXTS)


class SmallDisk:
    """A small file system in memory, and a file that fills it. It is in a mount namespace of the test's own, so it ends
    with the test."""

    def __init__(self, megabytes):
        if os.geteuid() != 0:
            raise unittest.SkipTest("mounting a small tmpfs needs root")
        libc = ctypes.CDLL(None, use_errno=True)
        clone_newns, ms_rec_private = 0x20000, 0x4000 | 0x40000
        if libc.unshare(clone_newns) != 0 or libc.mount(None, b"/", None, ms_rec_private, None) != 0:
            raise unittest.SkipTest(f"no mount namespace: {os.strerror(ctypes.get_errno())}")
        self.mount = OWNED.folder("embedq-disk-")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", self.mount],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise unittest.SkipTest(f"a tmpfs cannot be mounted: {done.stderr.strip()}")
        self.ballast = self.mount / "ballast"
        self.folder = self.mount / "data"
        self.folder.mkdir()
        os.chown(self.folder, *OWNED.unprivileged.ids)
        self.folder.chmod(0o700)

    def fill(self, left=0):
        """Fills it, except for `left` bytes, though others write to it meanwhile."""
        with open(self.ballast, "wb") as file:
            end = 0
            while (size := os.statvfs(self.mount).f_bavail * os.statvfs(self.mount).f_frsize - left) > 0:
                try:
                    os.posix_fallocate(file.fileno(), end, size)
                    end += size
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self):
        self.ballast.unlink()

    def close(self):
        subprocess.run(["umount", "-l", self.mount], check=True)
        OWNED.remove(self.mount)


class FullDisk(Shaken):
    FIRST = True

    def begin_with(self, megabytes, **settings):
        """A small file system, and a server that was started after it was mounted, so that it sees it."""
        disk = SmallDisk(megabytes)
        self.addCleanup(disk.close)
        server = Cluster(durable=False, **settings)
        self.addCleanup(server.close)
        return disk, server

    def test_there_is_no_space_for_tables(self):
        disk, server = self.begin_with(64)
        make_template(server)
        server.sql(f"CREATE TABLESPACE small LOCATION '{disk.folder}'", database="postgres")
        name = new_database(server)
        server.sql(f"ALTER DATABASE {name} SET TABLESPACE small", database="postgres")
        d = Deployment(server, name, dimension=256)
        self.addCleanup(d.close)
        # Slow, so that most of the work is not done when the disk is full, however busy the machine is.
        workers = self.begin(d, latency="400ms")
        self.reached(d, 0.1)
        disk.fill(left=20_000)
        # For longer than a lease all commits are refused: no job fails because of that.
        def refused():
            return server.log().count("could not extend file")

        def explained():
            return any("make room on the server's disk" in worker.said() for worker in workers)

        wait_until(lambda: refused() > 0 and explained(), lambda: f"the server refuses writes\n{d.logs()}")
        d.until(f"SELECT clock_timestamp() > '{d.value('SELECT clock_timestamp()')}'::timestamptz + interval "
                f"'{2 * LEASE} s'",
                "two leases have passed")
        # Each retry waits longer than the one before, until the leases have expired; then it starts again.
        before = refused()
        wait_until(lambda: refused() >= max(before + 1, 40), lambda: f"it still refuses\n{d.logs()}",
                   seconds=DEADLINE)
        d.oracle.look()
        disk.free()
        self.assertEqual(d.finish(*workers, heir=False), TEXTS)

    def test_there_is_no_space_for_the_log(self):
        """There is no space for the write-ahead log: PostgreSQL stops, and restarts when there is."""
        disk, server = self.begin_with(128, settings={"wal_keep_size": "0", "max_wal_size": "32MB",
                                                      "min_wal_size": "32MB", "wal_recycle": "off"})
        server.stop()
        log = server.data / "pg_wal"
        subprocess.run(["cp", "-a", f"{log}/.", disk.folder], check=True)
        subprocess.run(["rm", "-rf", log], check=True)
        log.symlink_to(disk.folder)
        server.start()
        make_template(server)
        d = Deployment(server, new_database(server))
        self.addCleanup(d.close)
        workers = self.begin(d)
        self.reached(d, 0.2)
        d.oracle.look()
        disk.fill()
        # The current segment is full soon, and no other can be created.
        try:
            server.sql("CREATE TABLE noise AS SELECT g, repeat(md5(g::text), 20) AS text FROM "
                       "generate_series(1, 100000) g", database="postgres")
        except SqlError:
            pass
        wait_until(lambda: "No space left on device" in server.log(), "the server has no space for its log")
        if server.running:
            server.stop("immediate")
        else:
            server.stopped()
        disk.free()
        server.start()
        self.assertEqual(d.finish(*workers, heir=False), TEXTS)
