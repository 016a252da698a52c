"""Processes and folders that a test owns: they are gone when the test is, however it ends.

They end with `Owned.close()`, at the exit of the interpreter, on SIGTERM and SIGHUP, and, when the test itself is
killed, by a guard: a process that holds a pipe from the test and sees it close. Nothing is looked up by name: only
registered processes are ended.
"""

import atexit
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE = 60  # seconds to wait for a condition, so that a slow machine does not fail a test

# The guard: it reads from its input which processes and folders exist, and ends all of them when its input ends.
GUARD = """
import os, select, shutil, signal, sys
held, folders = {}, set()
for line in sys.stdin:
    verb, number, what = line.rstrip("\\n").split(" ", 2)
    if verb == "process":
        try:
            held[what] = (os.pidfd_open(int(what)), int(number))
        except ProcessLookupError:
            pass
    elif verb == "gone" and what in held:
        os.close(held.pop(what)[0])
    elif verb == "folder":
        folders.add(what)
    elif verb == "removed":
        folders.discard(what)
for number in (None, signal.SIGKILL):
    for descriptor, own in held.values():
        for sent in (number or own, signal.SIGCONT):
            try:
                signal.pidfd_send_signal(descriptor, sent)
            except OSError:
                pass
    for descriptor, _ in held.values():
        select.select([descriptor], [], [], 10)
for folder in folders:
    shutil.rmtree(folder, ignore_errors=True)
"""


def wait_until(condition, what, seconds=PATIENCE):
    """The first answer of `condition` that is true. Fails with `what`, a text or a function that returns one, which
    names the condition."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.01)


class Unprivileged:
    """The user for programs that refuse to run as root: the caller, or when that is root, `postgres` if the machine has
    it, else `nobody`."""

    def __init__(self):
        self.name, self.why, self.arguments = pwd.getpwuid(os.geteuid()).pw_name, "the caller is not root", {}
        self.ids = (os.geteuid(), os.getegid())
        if os.geteuid() != 0:
            return
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        entry = known.get("postgres") or known.get("nobody")
        if entry is None:
            sys.exit("tests/support: PostgreSQL refuses to run as root, and neither the user postgres nor nobody "
                     "exists; add one of them")
        self.name, self.ids = entry.pw_name, (entry.pw_uid, entry.pw_gid)
        self.why = "PostgreSQL refuses to run as root"
        if entry.pw_name != "postgres":
            self.why += ", and the user postgres does not exist"
        self.arguments = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Owned:
    """Processes and folders of one test program. Use the one instance, `OWNED`."""

    def __init__(self):
        self.unprivileged = Unprivileged()
        self._lock = threading.Lock()
        self._guard = None
        self._pid = None
        self._processes = {}  # by pid: the Popen, and the signal that ends it
        self._folders = set()

    def folder(self, prefix):
        """A new folder of the unprivileged user, removed at the end."""
        made = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
        os.chown(made, *self.unprivileged.ids)
        with self._lock:
            self._notify_guard("folder", 0, made)
            self._folders.add(made)
        return made

    def remove(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        with self._lock:
            self._notify_guard("removed", 0, folder)
            self._folders.discard(folder)

    def start(self, command, end=signal.SIGTERM, **arguments):
        """Starts a long-lived process as the unprivileged user; `end` is the signal that ends it immediately."""
        with self._lock:
            self._guarded()
            # A session of its own: signals of the terminal to the test are not sent to the server.
            started = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                       start_new_session=True,
                                       **self.unprivileged.arguments, **arguments)
            self._processes[started.pid] = (started, end)
            self._notify_guard("process", int(end), started.pid)
        return started

    def adopt(self, process, end=signal.SIGKILL):
        """Registers a process that the test started itself, to be ended like those that are started here."""
        with self._lock:
            self._guarded()
            self._processes[process.pid] = (process, end)
            self._notify_guard("process", int(end), process.pid)

    def released(self, process):
        """Unregisters a process that has ended."""
        with self._lock:
            self._notify_guard("gone", 0, process.pid)
            self._processes.pop(process.pid, None)

    def ended(self, process, seconds=PATIENCE):
        """Waits for a process that was asked to end, and unregisters it. Returns its status."""
        status = process.wait(seconds)
        self.released(process)
        return status

    def run(self, command, **arguments):
        """Runs a short-lived command as the unprivileged user; fails with its output."""
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=5 * PATIENCE, **self.unprivileged.arguments, **arguments)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with status {done.returncode}: "
                               f"{done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def close(self):
        """Ends everything that is left."""
        if self._pid != os.getpid():
            return  # a forked child owns nothing
        for process, end in list(self._processes.values()):
            for sent in (end, signal.SIGCONT):
                process.send_signal(sent)
            try:
                self.ended(process, 10)
            except subprocess.TimeoutExpired:
                process.kill()
                self.ended(process)
        for folder in list(self._folders):
            self.remove(folder)
        if self._guard:
            self._guard.stdin.close()
            self._guard.wait(PATIENCE)
            self._guard = None

    def _guarded(self):
        if self._guard:
            return
        self._pid = os.getpid()
        self._guard = subprocess.Popen([sys.executable, "-c", GUARD], stdin=subprocess.PIPE, text=True,
                                       start_new_session=True)
        atexit.register(self.close)
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) == signal.SIG_DFL:
                    signal.signal(number, lambda received, _: sys.exit(128 + received))

    def _notify_guard(self, verb, number, what):
        self._guarded()
        self._guard.stdin.write(f"{verb} {number} {what}\n")
        self._guard.stdin.flush()


OWNED = Owned()
