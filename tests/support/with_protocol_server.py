#!/usr/bin/env python3
"""Runs a command beside protocol servers of its own.

  with_protocol_server.py --server PROGRAM SCRIPT.yaml... -- COMMAND...

Each script is played by a server of its own, whose URL COMMAND finds in EMBEDQ_SERVER_<NAME>, the script's name in upper case:
scripts/azure.yaml is EMBEDQ_SERVER_AZURE. The exit status is COMMAND's; 128 + N when signal N ended it. The servers end with the command.
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
    parser = argparse.ArgumentParser(usage="with_protocol_server.py --server PROGRAM SCRIPT.yaml... -- COMMAND...")
    parser.add_argument("--server", required=True, help="the program protocol_server")
    if "--" not in sys.argv:
        parser.error("no COMMAND; it stands behind --")
    middle = sys.argv.index("--")
    parser.add_argument("scripts", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args(sys.argv[1:middle])
    command = sys.argv[middle + 1:]
    told = {}
    with contextlib.ExitStack() as servers:
        for script in arguments.scripts:
            server = servers.enter_context(ProtocolServer(script.read_text(), path=arguments.server))
            told[f"EMBEDQ_SERVER_{script.stem.upper()}"] = server.url
        try:
            return Command(command, {**os.environ, **told}).status()
        except OSError as error:
            sys.exit(f"with_protocol_server: {command[0]}: {error.strerror}")


if __name__ == "__main__":
    sys.exit(main())
