#!/usr/bin/env python3
"""Runs the integration tests, several at a time: run.py PROGRAM [TEST…]; --help says more. EMBEDQ_SOAK=1 repeats
random tests many times, and runs one after the other."""

import pathlib
import sys

sys.dont_write_bytecode = True  # a test leaves nothing in the sources
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import program
import side_by_side


def use(path):
    program.PROGRAM = path


if __name__ == "__main__":
    side_by_side.main(HERE, use)
