#!/usr/bin/env python3
"""Tests that names.py finds what it must find, and nothing else."""

import sys
import unittest

sys.dont_write_bytecode = True  # a test must not leave files in the source tree

import names


class Names(unittest.TestCase):
    def found(self, text, name="core/engine/x.cpp"):
        return [fault.split(": ")[0] for fault in names.violations(name, text)]

    def test_each_name_is_found_with_its_line(self):
        for name in ("mutex", "recursive_mutex", "shared_mutex", "lock_guard", "unique_lock", "scoped_lock",
                     "shared_lock", "condition_variable", "this_thread::sleep_for", "this_thread::sleep_until"):
            self.assertEqual(self.found(f"\n    std::{name} x;\n"), [f"core/engine/x.cpp:2 uses std::{name}"])

    def test_names_that_work_with_core_sync_are_not_found(self):
        allowed = "std::condition_variable_any a;\n#include <mutex>\n// std::mutex\nstd::once_flag b;\nsync::Mutex c;\n"
        self.assertEqual(self.found(allowed), [])

    def test_core_sync_and_the_template_are_exempt(self):
        self.assertEqual(self.found("std::mutex a;", "core/sync/mutex.h"), [])
        self.assertEqual(self.found("std::mutex a;", "plugins/sdk/template/notifier/your_name.cpp"), [])

    def test_core_sync_includes_only_itself_and_the_contract(self):
        self.assertEqual(self.found('#include "embedq/context.h"\n#include "sync/mutex.h"\n', "core/sync/retry.h"), [])
        for other in ("settings/settings.h", "embedq/support/nearest.h"):
            self.assertEqual(self.found(f'#include "{other}"\n', "core/sync/retry.h"),
                             [f"core/sync/retry.h:1 includes {other}"])


if __name__ == "__main__":
    unittest.main()
