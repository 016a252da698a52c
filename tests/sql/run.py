#!/usr/bin/env python3
"""The PostgreSQL store as other programs use it through SQL: run.py PROGRAM [TEST…], with the built `embedq`; see
--help."""

import pathlib
import sys

sys.dont_write_bytecode = True  # a test leaves nothing in the sources
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import side_by_side
import stage


def use(path):
    stage.PROGRAM = path


if __name__ == "__main__":
    side_by_side.main(HERE, use)
