"""Shared by the measuring scripts of this folder: a deployment on a server of its own, and how results are shown."""

import argparse
import json
import os
import pathlib
import platform
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support"), str(HERE.parent / "integration")]

import program
from deployment import Deployment, make_template, new_database
from postgres import Cluster


def argument_parser(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PROGRAM", help="build/release/bin/embedq")
    parser.add_argument("--not-durable", action="store_true", help="run the server without fsync")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def begin(arguments):
    """The server that the arguments ask for, as a context manager, with a template for deployments."""
    program.PROGRAM = str(pathlib.Path(arguments.program).resolve())
    server = Cluster(durable=not arguments.not_durable)
    make_template(server)
    return server


def deploy(server, **settings):
    return Deployment(server, new_database(server), **settings)


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def show(result, arguments):
    """Prints the result with the facts of the machine."""
    facts = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "system": platform.platform()}
    if arguments.json:
        return print(json.dumps({**result, "machine": facts}))
    for name, value in {**result, **facts}.items():
        print(f"{name:24} {value:.3f}" if isinstance(value, float) else f"{name:24} {value}")


def milliseconds(text):
    for unit, factor in (("ms", 1), ("s", 1000), ("m", 60_000)):
        if text.endswith(unit) and text[:-len(unit)].isdigit():
            return int(text[:-len(unit)]) * factor
    raise argparse.ArgumentTypeError(f"'{text}' is not a duration such as 100ms, 20s or 1m")
