#!/usr/bin/env python3
"""Runs a command beside protocol servers of its own.

  with_protocol_server.py --server PROGRAM [--dialects DIALECT,NAME=DIALECT...] SCRIPT.yaml... -- COMMAND...

Each script is played by a server of its own, whose URL COMMAND finds in EMBEDQ_SERVER_<NAME>, the script's name in
upper case: scripts/azure.yaml is EMBEDQ_SERVER_AZURE. With --dialects the one script is played once in each of them,
and the names are theirs, or NAME of NAME=DIALECT. The exit status is COMMAND's; 128 + N when signal N ended it. The
servers end with the command.
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
    parser.add_argument("--dialects", default="", help="play the script in each of these")
    if "--" not in sys.argv:
        parser.error("no COMMAND; it stands behind --")
    middle = sys.argv.index("--")
    parser.add_argument("scripts", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args(sys.argv[1:middle])
    command = sys.argv[middle + 1:]
    told = {}
    with contextlib.ExitStack() as servers:
        def play(name, script):
            server = servers.enter_context(ProtocolServer(script, path=arguments.server))
            told[f"EMBEDQ_SERVER_{name.upper()}"] = server.url

        for script in arguments.scripts:
            for one in filter(None, arguments.dialects.split(",")):
                name, _, dialect = one.rpartition("=")
                play(name or dialect, f"{script.read_text()}\ndialect: {dialect}\n")
            if not arguments.dialects:
                play(script.stem, script.read_text())
        try:
            return Command(command, {**os.environ, **told}).status()
        except OSError as error:
            sys.exit(f"with_protocol_server: {command[0]}: {error.strerror}")


if __name__ == "__main__":
    sys.exit(main())
