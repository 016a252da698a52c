#!/usr/bin/env python3
"""Runs the fault tests on PostgreSQL: run.py PROGRAM [unittest's arguments]. EMBEDQ_SOAK=1 runs the long form of each.

    run.py build/release/bin/embedq                                 # all of them
    run.py build/release/bin/embedq test_kills                      # a file
    run.py build/release/bin/embedq test_kills.Killed.test_before_commit
"""

import os
import pathlib
import sys
import time
import unittest

sys.dont_write_bytecode = True  # a test leaves nothing in the sources
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support"), str(HERE.parent / "integration")]

import program


class Timed(unittest.TextTestResult):
    """Says how long each test took."""

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test):
        self.stream.write(f"{time.monotonic() - self.began:.1f} s ")
        super().addSuccess(test)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} PROGRAM: '{' '.join(sys.argv[1:2])}' is no program; build it first")
    program.PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
    names = sys.argv[2:]
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(HERE), pattern="test_*.py")
    result = unittest.TextTestRunner(verbosity=2, resultclass=Timed).run(suite)
    for test, reason in result.skipped:
        print(f"skipped {test}: {reason}")
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
