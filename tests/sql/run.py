#!/usr/bin/env python3
"""What programs see of the PostgreSQL store that speak SQL: run.py PROGRAM MODULE…, with the built `embedq`."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True  # a test leaves nothing in the sources
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import stage

if __name__ == "__main__":
    if len(sys.argv) < 3 or not pathlib.Path(sys.argv[1]).is_file():
        sys.exit(f"usage: {sys.argv[0]} PROGRAM MODULE…: '{' '.join(sys.argv[1:])}' names no program and module")
    stage.PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
    unittest.main(module=None, argv=[sys.argv[0], "-v", *sys.argv[2:]])
