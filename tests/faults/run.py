#!/usr/bin/env python3
"""Runs the fault tests on PostgreSQL, several at a time, each process with clusters of its own: run.py PROGRAM [TEST…];
--help says more. EMBEDQ_SOAK=1 runs the long form of each, one after the other."""

import pathlib
import sys

sys.dont_write_bytecode = True  # a test leaves nothing in the sources
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support"), str(HERE.parent / "integration")]

import program
import side_by_side


def use(path):
    program.PROGRAM = path


if __name__ == "__main__":
    side_by_side.main(HERE, use)
