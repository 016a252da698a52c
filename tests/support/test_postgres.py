#!/usr/bin/env python3
"""Tests of the clusters: they start, break, recover, and leave nothing behind."""

import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True  # a test leaves nothing in the sources

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import side_by_side
from owned import wait_until
from postgres import SUPERUSER, Cluster, Pooler, SqlError, multi_host_url, run_sql

RUNNER = [sys.executable, str(HERE / "with_postgres.py")]
DEADLINE = 120


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Clusters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Cluster(durable=False))

    def test_rows_are_lists_and_null_is_none(self):
        rows = self.server.sql("select 1, null, '', E'a,\"b\"\\n' ; select :'name'; select ''",
                               variables={"name": "it's"})
        self.assertEqual(rows, [["1", None, "", 'a,"b"\n'], ["it's"], [""]])

    def test_a_failing_statement_raises_its_error(self):
        with self.assertRaisesRegex(SqlError, "division by zero"):
            self.server.sql("select 1/0")

    def test_the_role_of_the_url_is_not_a_superuser(self):
        rows = run_sql(self.server.url(),
                       "select usename, current_database(), usesuper from pg_user where usename = current_user")
        self.assertEqual(rows, [["embedq", "embedq", "f"]])

    def test_a_database_of_its_own(self):
        url = self.server.create_database("another")
        self.addCleanup(self.server.sql, "drop database another", database="postgres")
        self.assertEqual(run_sql(url, "create table t (); select current_database()"), [["another"]])

    def test_a_session_holds_its_transaction(self):
        with self.server.session() as session:
            session.sql("create table held (n int); begin; insert into held values (1)")
            self.assertEqual(self.server.value("select count(*) from held"), "0")
            with self.assertRaisesRegex(SqlError, "does not exist"):
                session.sql("select * from nothing_of_this_name")
            session.sql("rollback")
            session.sql("drop table held")
            self.assertIn(session.pid, self.server.children())

    def test_settings_can_be_changed_and_reset(self):
        self.server.set(work_mem="1MB")
        wait_until(lambda: self.server.value("show work_mem") == "1MB", "the setting is changed")
        self.server.set(work_mem=None)
        wait_until(lambda: self.server.value("show work_mem") == "4MB", "the setting is reset")

    def test_pgbouncer_shares_backends_between_transactions(self):
        with Pooler(self.server, settings={"default_pool_size": 1}) as pooler:
            with pooler.session() as one, pooler.session() as another:
                self.assertEqual(one.pid, another.pid)
            self.assertIn(["pool_mode", "transaction"],
                          [row[:2] for row in pooler.sql("show config", database="pgbouncer")])
            self.server.sql("create role unlisted login")
            self.addCleanup(self.server.sql, "drop role unlisted")
            self.assertEqual(pooler.value("select current_user", user="unlisted"), "unlisted")
            pooler.kill()
            with self.assertRaises(SqlError):
                pooler.sql("select 1")
            pooler.start()
            self.assertEqual(pooler.value("select 1"), "1")


class Faults(unittest.TestCase):
    def test_commits_survive_a_crash(self):
        with Cluster() as server:
            self.assertEqual(server.value("show fsync"), "on")
            server.sql("create table kept (n int)")
            for crash in (lambda: server.stop("immediate"), server.kill, lambda: server.stop("fast")):
                server.sql("insert into kept values (1)")
                crash()
                self.assertFalse(server.running)
                with self.assertRaises(SqlError):
                    server.sql("select 1")
                server.start()
            self.assertEqual(server.value("select count(*) from kept"), "3")

    def test_a_killed_backend_takes_the_server_into_recovery(self):
        with Cluster(durable=False) as server, server.session() as session:
            server.signal_backend(session.pid, signal.SIGKILL)
            wait_until(lambda: "was terminated by signal 9" in server.log()
                       and server.log().count("ready to accept") == 2,
                       "the server has recovered")
            self.assertEqual(server.value("select 1"), "1")
            with self.assertRaises(ProcessLookupError):
                server.signal_backend(os.getpid(), signal.SIGKILL)

    def test_a_synchronous_standby_takes_over(self):
        with Cluster(durable=False) as primary, primary.standby(synchronous=True) as standby:
            primary.sql("create table kept (n int); insert into kept values (1)")
            with self.assertRaisesRegex(SqlError, "read-only"):
                standby.sql("insert into kept values (2)")
            primary.kill()
            url = multi_host_url([primary, standby], user=SUPERUSER)
            with self.assertRaisesRegex(SqlError, "session is read-only"):
                run_sql(url, "select 1")
            standby.promote()
            self.assertEqual(run_sql(url, "insert into kept values (2); select count(*) from kept"), [["2"]])


class Endings(unittest.TestCase):
    """However the test ends, no process and no folder is left."""

    # Prints its processes and folders, then waits for its input to end.
    PROGRAM = f"""
import os, signal, sys
sys.path.insert(0, {str(HERE)!r})
from postgres import Cluster, Pooler
server = Cluster(durable=False)
pooler = Pooler(server)
print(server.pid, pooler._process.pid, server.folder, pooler.folder, flush=True)
sys.stdin.readline()
"""

    def ended(self, how, signal_sent=None):
        process = subprocess.Popen([sys.executable, "-c", self.PROGRAM + how], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = process.stdout.readline().split()
        pids, folders = line[:2], line[2:]
        self.assertTrue(all(map(alive, pids)))
        if signal_sent:
            process.send_signal(signal_sent)
        process.stdin.close()
        process.stdout.read()
        process.stdout.close()
        status = process.wait(DEADLINE)
        wait_until(lambda: not any(map(alive, pids)), "the processes end")
        wait_until(lambda: not any(map(os.path.exists, folders)), "the folders are removed")
        return status

    def test_at_the_end_of_the_program(self):
        self.assertEqual(self.ended(""), 0)

    def test_by_an_exception(self):
        self.assertEqual(self.ended("raise ValueError"), 1)

    def test_by_sigterm(self):
        self.assertEqual(self.ended("while True: signal.pause()", signal.SIGTERM), 128 + signal.SIGTERM)

    def test_by_sigkill(self):
        self.assertEqual(self.ended("while True: signal.pause()", signal.SIGKILL), -signal.SIGKILL)


class Runner(unittest.TestCase):
    def run_it(self, *words):
        return subprocess.run([*RUNNER, *words], capture_output=True, text=True, timeout=DEADLINE)

    def test_the_command_finds_its_database(self):
        done = self.run_it("--", "sh", "-c", "echo $EMBEDQ_TEST_POSTGRES; echo $EMBEDQ_TEST_POSTGRES_SUPERUSER")
        url, superuser = done.stdout.split()
        self.assertRegex(url, r"^postgresql://embedq@127\.0\.0\.1:\d+/embedq$")
        self.assertEqual(superuser, url.replace("embedq@", f"{SUPERUSER}@"))
        self.assertEqual(done.returncode, 0)

    def test_durable_is_a_switch(self):
        show = [sys.executable, "-c",
                f"import os, sys; sys.path.insert(0, {str(HERE)!r}); from postgres import run_sql; "
                "print(run_sql(os.environ['EMBEDQ_TEST_POSTGRES'], 'show fsync')[0][0])"]
        self.assertEqual(self.run_it("--", *show).stdout, "off\n")
        self.assertEqual(self.run_it("--durable", "--", *show).stdout, "on\n")

    def test_the_status_is_the_commands(self):
        self.assertEqual(self.run_it("--", "sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(self.run_it("--", "sh", "-c", "kill -9 $$").returncode, 128 + 9)
        self.assertEqual(self.run_it("--", "/no/such/command").returncode, 1)

    def test_what_the_command_leaves_behind_is_ended(self):
        done = self.run_it("--", "sh", "-c", "sleep 1000 > /dev/null 2>&1 & echo $!")
        wait_until(lambda: not alive(int(done.stdout)), "the command's child ends")

    def test_the_command_may_break_the_server(self):
        run = self.run_it("--", sys.executable, "-c",
                          f"import os, sys; sys.path.insert(0, {str(HERE)!r}); from control import send\n"
                          "for line in ['stop immediate', 'start', 'value select 1', 'standby', 'promote standby', "
                          "'pooler session', 'stop pooler', 'value select 1/0', 'fly', 'stop nothing']: "
                          "print(send(line))")
        done = run.stdout.splitlines()
        self.assertEqual(done[:3], ["ok", "ok", "ok 1"], run.stderr)
        self.assertRegex(done[3], r"^ok postgresql://embedq@127\.0\.0\.1:\d+/embedq$")
        self.assertEqual(done[4], "ok")
        self.assertRegex(done[5], r"^ok postgresql://")
        self.assertEqual(done[6], "ok")
        self.assertRegex(done[7], r"^error .*division by zero")
        self.assertEqual(done[8:], ["error the command 'fly' does not exist",
                                    "error the server 'nothing' does not exist"])

    def test_a_signal_is_forwarded(self):
        process = subprocess.Popen([*RUNNER, "--", "sh", "-c",
                                    "trap 'echo received; exit' TERM; echo ready; while :; do sleep 0.05; done"],
                                   stdout=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.stdout.read(), "received\n")
        process.stdout.close()
        self.assertEqual(process.wait(DEADLINE), 128 + signal.SIGTERM)


if __name__ == "__main__":
    side_by_side.main(HERE, pattern="test_postgres.py")
