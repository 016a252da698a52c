#!/usr/bin/env python3
"""Runs the integration tests: run.py PROGRAM [unittest's arguments]. EMBEDQ_SOAK=1 repeats what is random many times over."""

import os
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True  # a test leaves nothing in the sources
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import program

if __name__ == "__main__":
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} PROGRAM: '{' '.join(sys.argv[1:2])}' is no program; build it first")
    program.PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
    here = pathlib.Path(__file__).parent
    names = sys.argv[2:]
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(here), pattern="test_*.py")
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
