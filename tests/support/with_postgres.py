#!/usr/bin/env python3
"""Runs a command beside a PostgreSQL server of its own.

  with_postgres.py [--durable] -- COMMAND...

EMBEDQ_TEST_POSTGRES gives COMMAND the URL of an empty database, and EMBEDQ_TEST_POSTGRES_SUPERUSER that of the same
database as a superuser. The exit status is COMMAND's; 128 + N when signal N ended it. The server ends with the command,
and so does everything that is left of the command's process group. Without --durable the server does not use fsync and
starts faster.

COMMAND can also break the server: EMBEDQ_TEST_POSTGRES_CONTROL is a socket for the commands of control.py. In C++:
tests/support/postgres_server.h.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys

sys.dont_write_bytecode = True  # a test leaves nothing in the sources
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from control import Control
from postgres import SUPERUSER, Cluster

LEAKS = pathlib.Path(__file__).resolve().parent / "lsan.supp"  # of libraries
GRACE = 10  # seconds between the signal that ends this program, forwarded to the command, and SIGKILL


class Command:
    """The command in a process group of its own, so that processes that it leaves behind can be ended."""

    SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

    def __init__(self, words, environment):
        self._child = None
        self._received = None
        # The handlers do not raise, since they could do so before the child is known.
        for number in self.SIGNALS:
            signal.signal(number, self._hand_on)
        signal.signal(signal.SIGALRM, lambda *_: self._end(signal.SIGKILL))
        self._child = subprocess.Popen(words, env=environment, process_group=0)
        if self._received:
            self._hand_on(self._received, None)

    def status(self):
        status = self._child.wait()
        signal.alarm(0)
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # the rest ends by itself
        self._end(signal.SIGKILL)
        if self._received:
            return 128 + self._received
        return status if status >= 0 else 128 - status

    def _hand_on(self, number, _):
        self._received = number
        if self._child:
            self._end(number)
            signal.alarm(GRACE)

    def _end(self, number):
        try:
            os.killpg(self._child.pid, number)
        except ProcessLookupError:
            pass


def main():
    parser = argparse.ArgumentParser(usage="with_postgres.py [--durable] -- COMMAND...")
    parser.add_argument("--durable", action="store_true", help="with fsync, for tests of durability")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    with Cluster(durable=arguments.durable) as server, Control(server) as control:
        variables = {"EMBEDQ_TEST_POSTGRES": server.url(),
                     "EMBEDQ_TEST_POSTGRES_SUPERUSER": server.url(user=SUPERUSER),
                     "EMBEDQ_TEST_POSTGRES_CONTROL": str(control.path),
                     "LSAN_OPTIONS": f"suppressions={LEAKS}:print_suppressions=0"}
        try:
            return Command(arguments.command, {**os.environ, **variables}).status()
        except OSError as error:
            sys.exit(f"with_postgres: {arguments.command[0]}: {error.strerror}")


if __name__ == "__main__":
    sys.exit(main())
