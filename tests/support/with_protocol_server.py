#!/usr/bin/env python3
"""Runs a command beside protocol servers of its own.

  with_protocol_server.py --server PROGRAM [--dialects DIALECT,NAME=DIALECT...] SCRIPT.yaml... -- COMMAND...

Each script has a server of its own. EMBEDQ_SERVER_<NAME> gives COMMAND its URL, where NAME is the script's name in
upper case: EMBEDQ_SERVER_AZURE for scripts/azure.yaml. With --dialects there is a server for each script in each
dialect, and NAME is the dialect, or the NAME of NAME=DIALECT. The exit status is COMMAND's; 128 + N when signal N ended
it. The servers end with the command.
"""

import argparse
import contextlib
import os
import pathlib
import sys

sys.dont_write_bytecode = True  # a test leaves nothing in the sources
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from protocol_server import ProtocolServer
from with_postgres import Command


def main():
    parser = argparse.ArgumentParser(usage="with_protocol_server.py --server PROGRAM [--dialects "
                                           "DIALECT,NAME=DIALECT...] SCRIPT.yaml... -- COMMAND...")
    parser.add_argument("--server", required=True, help="the program protocol_server")
    parser.add_argument("--dialects", default="", help="run the script in each of these")
    if "--" not in sys.argv:
        parser.error("COMMAND is missing; put it after --")
    middle = sys.argv.index("--")
    parser.add_argument("scripts", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args(sys.argv[1:middle])
    command = sys.argv[middle + 1:]
    variables = {}
    with contextlib.ExitStack() as servers:
        def start(name, script):
            server = servers.enter_context(ProtocolServer(script, path=arguments.server))
            variables[f"EMBEDQ_SERVER_{name.upper()}"] = server.url

        for script in arguments.scripts:
            for one in filter(None, arguments.dialects.split(",")):
                name, _, dialect = one.rpartition("=")
                start(name or dialect, f"{script.read_text()}\ndialect: {dialect}\n")
            if not arguments.dialects:
                start(script.stem, script.read_text())
        try:
            return Command(command, {**os.environ, **variables}).status()
        except OSError as error:
            sys.exit(f"with_protocol_server: {command[0]}: {error.strerror}")


if __name__ == "__main__":
    sys.exit(main())
