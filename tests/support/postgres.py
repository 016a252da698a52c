"""Private PostgreSQL clusters for tests: created, broken and ended by the test, independent of any other server on the
machine.

    with Cluster() as primary:                      # durable; Cluster(durable=False) starts faster, without fsync
        primary.sql("select 1")                     # [["1"]]
        standby = primary.standby(synchronous=True)
        primary.kill()
        standby.promote()
        with Pooler(standby) as pooler:             # PgBouncer, in transaction mode
            pooler.sql("select 1")

Every cluster has a role and a database `embedq`, and trusts everyone on 127.0.0.1 and on its own socket. The binaries
are those in EMBEDQ_TEST_POSTGRES_BIN, or the newest below /usr/lib/postgresql, or those of the `pg_config` on the path.
As root, the servers run as another user (owned.Unprivileged). Everything that is started ends with the test
(owned.Owned).
"""

import csv
import io
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import urllib.parse

import ports
from owned import OWNED, PATIENCE, wait_until
from ports import HOST

SUPERUSER = "postgres"
ROLE = DATABASE = "embedq"
STOP = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
NULL = "\x01NULL"

SETTINGS = {
    "listen_addresses": HOST, "max_connections": 200, "shared_buffers": "64MB", "wal_keep_size": "512MB",
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d %a ", "lc_messages": "C",
    # After a crash, one call instead of one for each file.
    "recovery_init_sync_method": "syncfs",
}
FAST = {"fsync": "off", "full_page_writes": "off"}  # commits still wait for a synchronous standby


class SqlError(Exception):
    """An error of psql."""


def binaries():
    """The folder of the server's programs."""
    configured = os.environ.get("EMBEDQ_TEST_POSTGRES_BIN")
    installed = pathlib.Path("/usr/lib/postgresql").glob("*/bin")
    found = [pathlib.Path(configured)] if configured else sorted(installed, key=lambda path: -float(path.parent.name))
    if not configured and shutil.which("pg_config"):
        found.append(pathlib.Path(subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True,
                                                 check=True).stdout.strip()))
    for folder in found:
        if (folder / "initdb").exists():
            return folder
    raise FileNotFoundError("PostgreSQL's server is not installed: no initdb in " +
                            (", ".join(map(str, found)) or "/usr/lib/postgresql/*/bin") +
                            "; install postgresql-15 (make setup does), or name its folder in EMBEDQ_TEST_POSTGRES_BIN")


def make_url(numbers, database=DATABASE, user=ROLE, password=None, **parameters):
    """A libpq URL for one port or several."""
    who = urllib.parse.quote(user, safe="")
    if password is not None:
        who += ":" + urllib.parse.quote(password, safe="")
    hosts = ",".join(f"{HOST}:{port}" for port in numbers)
    query = urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote)
    return f"postgresql://{who}@{hosts}/{database}" + (f"?{query}" if query else "")


def multi_host_url(servers, **parameters):
    """The URL that finds the primary among several servers."""
    return make_url([server.port for server in servers], **{"target_session_attrs": "read-write", **parameters})


def environment(**more):
    """This process's environment, without the variables that change how libpq connects."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "PGCONNECT_TIMEOUT": "10", "PGAPPNAME": "embedq-test", "LC_ALL": "C.UTF-8", **more}


def rows_of(text):
    # A row with one empty text is an empty line.
    return [[None if value == NULL else value for value in row or [""]] for row in csv.reader(io.StringIO(text))]


def psql_command(url):
    return [binaries() / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--csv", "--pset", f"null={NULL}",
            "--dbname", url]


def run_sql(url, text, variables=None, timeout=PATIENCE):
    """The rows of all statements in `text`, as lists of texts, None for null. `:'name'` stands for a variable."""
    command = psql_command(url) + ["--set", "ON_ERROR_STOP=1", "--file", "-"]
    for name, value in (variables or {}).items():
        command += ["--set", f"{name}={value}"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout, env=environment())
    if done.returncode != 0:
        raise SqlError(done.stderr.strip() or f"psql ended with status {done.returncode}")
    return rows_of(done.stdout)


class Session:
    """One connection that stays open: for a transaction, a lock, or settings. Use as a context manager."""

    MARK = "\x02done"

    def __init__(self, url):
        self._psql = subprocess.Popen([str(word) for word in psql_command(url)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, env=environment())
        self.pid = int(self.sql("select pg_backend_pid()")[0][0])

    def sql(self, text):
        """Like `run_sql`; raises the error of the last statement."""
        self.ask(text)
        return self.answer()

    def ask(self, text):
        """The first half of `sql`, for a statement that may have to wait in the server."""
        try:
            self._psql.stdin.write(f"{text.rstrip().rstrip(';')};\n\\echo {self.MARK} :ERROR :LAST_ERROR_MESSAGE\n")
            self._psql.stdin.flush()
        except BrokenPipeError:
            raise SqlError(self._psql.stderr.read().strip()) from None

    def answer(self):
        """The second half of `sql`."""
        lines = []
        for line in self._psql.stdout:
            if line.startswith(self.MARK):
                _, failed, message = line.rstrip("\n").split(" ", 2)
                if failed == "true":
                    raise SqlError(message)
                return rows_of("".join(lines))
            lines.append(line)
        raise SqlError(self._psql.stderr.read().strip() or "the session ended")

    def close(self):
        self._psql.stdin.close()
        self._psql.stdout.close()
        self._psql.stderr.close()
        self._psql.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Server:
    """What clusters and poolers have in common: a port, URLs, SQL, and an end."""

    port = None

    def url(self, database=DATABASE, user=ROLE, **parameters):
        return make_url([self.port], database, user, **parameters)

    def sql(self, text, database=DATABASE, user=SUPERUSER, variables=None, timeout=PATIENCE):
        return run_sql(self.url(database, user), text, variables, timeout)

    def value(self, text, **arguments):
        """The only value of the only row."""
        return self.sql(text, **arguments)[0][0]

    def session(self, database=DATABASE, user=SUPERUSER, **parameters):
        return Session(self.url(database, user, **parameters))

    def close(self):
        raise NotImplementedError

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Cluster(Server):
    """A running PostgreSQL server with a new data folder."""

    def __init__(self, durable=True, settings=None, name="primary"):
        self._prepare(name, {**SETTINGS, **({} if durable else FAST), **(settings or {})})
        # There is nothing to make durable yet: if the machine stops now, so does the test.
        OWNED.run([self.bin / "initdb", "--pgdata", self.data, "--username", SUPERUSER, "--auth", "trust", "--encoding",
                   "UTF8", "--no-locale", "--no-sync"], cwd=self.folder, env=environment())
        self._begin()
        self.sql(f"create role {ROLE} login; create database {DATABASE} owner {ROLE}", database="postgres")

    # -- life and death

    def start(self):
        """Starts the server and returns when it accepts connections."""
        if self.running:
            raise RuntimeError(f"{self.name} is already running")
        wait_until(self._started, lambda: f"{self.name} accepts connections; its log ends with:\n{self.log_tail()}")

    def stop(self, mode="fast"):
        """`fast`: ends all sessions and writes everything. `immediate`: as in a crash, with recovery at the next start.
        `smart`: waits for all sessions to end."""
        self._process.send_signal(STOP[mode])
        self._end()

    def stopped(self):
        """Waits for the end of a server that ends by itself."""
        self._end()

    def kill(self):
        """SIGKILL for the postmaster and all its children; returns when all are gone."""
        children = [os.pidfd_open(pid) for pid in self.children()]
        self._process.kill()
        for child in children:
            try:
                signal.pidfd_send_signal(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._end()
        for child in children:
            select.select([child], [], [], PATIENCE)
            os.close(child)

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def close(self):
        """Ends the server and removes its data."""
        if self.running:
            self.stop("immediate")
        OWNED.remove(self.folder)
        ports.give_back(self.port)

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def children(self):
        """The pids of the server's processes except the postmaster."""
        text = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in text.split()]

    def signal_backend(self, pid, number):
        """For SIGSTOP, SIGCONT, SIGKILL: a session that hangs, continues, or takes the server into recovery."""
        if int(pid) not in self.children():
            raise ProcessLookupError(f"{pid} is not a process of {self.name}")
        os.kill(int(pid), number)

    # -- contents

    def create_database(self, name, owner=ROLE):
        self.sql(f'create database "{name}" owner "{owner}"', database="postgres")
        return self.url(name, owner)

    def set(self, **settings):
        """Changes settings that a reload can change; None resets one to its value at the start."""
        for name, value in settings.items():
            self.sql(f"alter system reset {name}" if value is None else f"alter system set {name} = '{value}'",
                     database="postgres")
        self.sql("select pg_reload_conf()", database="postgres")

    def log(self):
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def log_tail(self, lines=15):
        return "\n".join(self.log().splitlines()[-lines:])

    # -- replication

    def standby(self, name="standby", synchronous=False):
        """A new streaming standby of this server, caught up. With `synchronous`, commits wait for it."""
        made = Cluster.__new__(Cluster)
        made._prepare(name, self._settings)
        source = self.url("postgres", SUPERUSER, application_name=name)
        OWNED.run([self.bin / "pg_basebackup", "--pgdata", made.data, "--dbname", source, "--write-recovery-conf",
                   "--wal-method", "stream", "--checkpoint", "fast", "--no-sync"], cwd=made.folder, env=environment())
        with open(made.data / "postgresql.auto.conf", "a", encoding="utf-8") as file:
            file.write("synchronous_standby_names = ''\n")
        made._begin()
        if synchronous:
            self.set(synchronous_standby_names=f'FIRST 1 ("{name}")')
        state = "sync" if synchronous else "async"
        streams = ("select 1 from pg_stat_replication where state = 'streaming' and sync_state = :'state' "
                   "and application_name = :'name'")
        wait_until(lambda: self.sql(streams, variables={"state": state, "name": name}), f"{name} streams as {state}")
        self.wait_replayed(made)
        return made

    def wait_replayed(self, standby):
        """Waits until `standby` shows everything that has been committed here."""
        position = self.value("select pg_current_wal_lsn()")
        wait_until(lambda: standby.value(f"select coalesce(pg_last_wal_replay_lsn() >= '{position}', false)") == "t",
                   f"{standby.name} has replayed {position}")

    def promote(self):
        """Makes a standby a primary; returns when it accepts writes."""
        if self.value("select pg_promote(true, 60)") != "t":
            raise RuntimeError(f"{self.name} was not promoted; its log ends with:\n{self.log_tail()}")

    # -- inside

    def _prepare(self, name, settings):
        self.bin = binaries()
        self.name = name
        self.folder = OWNED.folder("embedq-pg-")
        self.data = self.folder / "data"
        self._settings = settings
        self._log = self.folder / "server.log"
        self._process = None

    def _begin(self):
        """The first start, on a free port; tries another if the port was taken in the meantime."""
        for _ in range(5):
            ports.give_back(self.port)
            self.port = ports.reserve()
            self._write_settings()
            try:
                return self.start()
            except RuntimeError:
                if "could not bind" not in self.log():
                    raise
                self._log.unlink()
        raise RuntimeError(f"{self.name}: all ports were in use")

    def _write_settings(self):
        settings = {**self._settings, "port": self.port, "unix_socket_directories": self.folder,
                    "cluster_name": self.name}
        lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
        (self.data / "postgresql.conf").write_text("".join(lines))

    def _started(self):
        """One step of a start: launches the server, again if the remains of a killed one were not gone yet."""
        if self._process is None:
            with open(self._log, "a", encoding="utf-8") as log:
                self._process = OWNED.start([self.bin / "postgres", "-D", self.data], end=signal.SIGQUIT,
                                            cwd=self.folder, stdout=log, stderr=log, env=environment())
        if self._process.poll() is not None:
            status = self._end()
            tail = self.log_tail()
            if "pre-existing shared memory block" in tail or "lock file" in tail.splitlines()[-1]:
                return False
            raise RuntimeError(f"{self.name} ended with status {status} while it started; its log ends with:\n{tail}")
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _end(self):
        status = OWNED.ended(self._process)
        self._process = None
        return status


class Pooler(Server):
    """PgBouncer in front of one server. `sql(..., database="pgbouncer")` reaches its console."""

    def __init__(self, server, mode="transaction", settings=None):
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        if not os.access(program, os.X_OK):
            raise FileNotFoundError("pgbouncer is not installed; install it (make setup does)")
        self._program = program
        self.folder = OWNED.folder("embedq-pb-")
        self.port = ports.reserve()
        self._log = self.folder / "pooler.log"
        self._process = None
        (self.folder / "users").write_text(f'"{SUPERUSER}" ""\n"{ROLE}" ""\n')
        values = {"listen_addr": HOST, "listen_port": self.port, "unix_socket_dir": self.folder, "pool_mode": mode,
                  "auth_type": "trust", "auth_file": self.folder / "users", "auth_user": SUPERUSER,
                  "admin_users": SUPERUSER, "max_client_conn": 1000, "default_pool_size": 20, "server_login_retry": 1,
                  **(settings or {})}
        lines = ["[databases]", f"* = host={HOST} port={server.port}", "[pgbouncer]",
                 *(f"{name} = {value}" for name, value in values.items())]
        (self.folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
        self.start()

    def start(self):
        with open(self._log, "a", encoding="utf-8") as log:
            self._process = OWNED.start([self._program, self.folder / "pgbouncer.ini"], cwd=self.folder, stdout=log,
                                        stderr=log, env=environment())
        wait_until(self._answers, "PgBouncer accepts connections")

    def stop(self):
        """Stops it immediately: sessions are cut off."""
        self._process.terminate()
        OWNED.ended(self._process)
        self._process = None

    def kill(self):
        self._process.kill()
        OWNED.ended(self._process)
        self._process = None

    def pause(self):
        """SIGSTOP: nothing is forwarded. Returns when it has stopped; `kill` still ends it."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def close(self):
        if self._process is not None:
            self.stop()
        OWNED.remove(self.folder)
        ports.give_back(self.port)

    def log(self):
        return self._log.read_text(errors="replace")

    def _answers(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"PgBouncer ended with status {OWNED.ended(self._process)}: {self.log()}")
        try:
            with socket.create_connection((HOST, self.port), 1):
                return True
        except OSError:
            return False
