#!/usr/bin/env python3
"""Tests the check of the contract's headers, with headers of its own."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # a test must not leave files in the source tree

import api

PLUGIN = "#define EMBEDQ_API_VERSION 1\n"
STORE = ('#include <string>\n#include <vector>\n\n'
         '// What it is.\nclass Store { virtual int put(int a, const char* b = "x  y"); };\n')


class Tokens(unittest.TestCase):
    def same(self, changed, text=STORE):
        self.assertEqual(api.sum_of(text), api.sum_of(changed))

    def differs(self, changed, text=STORE):
        self.assertNotEqual(api.sum_of(text), api.sum_of(changed))

    def test_comments_and_formatting_are_not_a_change(self):
        self.same(STORE.replace("What it is.", "Something else, isn't it?"))
        self.same(STORE.replace("int put", "int  /* a note */\n   put"))
        self.same(STORE.replace("#include <string>\n#include <vector>\n", "#include <vector>\n#  include <string>\n"))
        self.same("#define A(x) f(x, 2)\n", "#define A(x) \\\n    f(x, \\\n      2)\n")

    def test_anything_else_is_a_change(self):
        self.differs(STORE.replace("virtual ", ""))
        self.differs(STORE.replace("int put(int a", "int put(long a"))
        self.differs(STORE.replace("int a, const char* b", "const char* b, int a"))
        self.differs(STORE.replace('"x  y"', '"x y"'))
        self.differs(STORE.replace("#include <string>\n", ""))
        self.differs("#define A 1\nB\n", "#define A 1 B\n")
        self.differs("int a = 1'000;", "int a = 10'00;")

    def test_a_comment_in_a_literal_is_part_of_the_literal(self):
        self.differs('auto a = "http://x";', 'auto a = "http://y";')
        self.differs('auto a = R"(/* x */)";', 'auto a = R"(/* y */)";')


class Check(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="embedq-api-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / api.HEADERS).mkdir(parents=True)
        self.put("plugin.h", PLUGIN)
        self.put("store.h", STORE)

    def put(self, header, text):
        (self.root / api.HEADERS / header).write_text(text)

    def run_check(self, *arguments):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = api.main(["--root", str(self.root), *arguments])
        return status, out.getvalue().strip()

    def test_without_sums_it_reports_how_to_record_them(self):
        self.assertEqual(self.run_check(), (1, "EMBEDQ_API_VERSION is 1, but core/api.sums has no sums for it; run: "
                                               "python3 tests/contract/api.py --record"))
        self.assertEqual(self.run_check("--record"), (0, "plugin API 1 (open): 2 headers as recorded"))
        self.assertEqual(self.run_check(), (0, "plugin API 1 (open): 2 headers as recorded"))

    def test_before_a_release_a_change_is_recorded(self):
        self.run_check("--record")
        self.put("store.h", STORE.replace("int put", "long put"))
        self.assertEqual(self.run_check(), (1, "core/include/embedq/store.h changed while EMBEDQ_API_VERSION stayed 1; "
                                               "no release has the old one, so if this is intended, run: python3 "
                                               "tests/contract/api.py --record"))
        self.assertEqual(self.run_check("--release")[0], 1)
        self.assertEqual(self.run_check("--record")[0], 0)
        self.assertEqual(self.run_check()[0], 0)

    def test_after_a_release_a_change_needs_the_next_number(self):
        self.run_check("--record")
        self.assertEqual(self.run_check("--release"), (0, "plugin API 1 (released): 2 headers as recorded"))
        self.put("store.h", STORE.replace("int put", "long put"))
        sentence = ("core/include/embedq/store.h changed while EMBEDQ_API_VERSION stayed 1, which is released: plugins "
                    "built for it would be loaded and misread; set EMBEDQ_API_VERSION to 2 in "
                    "core/include/embedq/plugin.h, then run: python3 tests/contract/api.py --record")
        self.assertEqual(self.run_check(), (1, sentence))
        self.assertEqual(self.run_check("--record"), (1, sentence))
        self.put("plugin.h", PLUGIN.replace("1", "2"))
        self.assertEqual(self.run_check("--record"), (0, "plugin API 2 (open): 2 headers as recorded"))
        self.assertEqual(api.Sums(self.root / api.SUMS).states, {1: "released", 2: "open"})

    def test_after_a_release_a_header_may_be_added_but_not_deleted(self):
        self.run_check("--record")
        self.run_check("--release")
        self.put("extra.h", "// New.\n")
        self.assertIn("extra.h is new", self.run_check()[1])
        self.assertEqual(self.run_check("--record"), (0, "plugin API 1 (released): 3 headers as recorded"))
        (self.root / api.HEADERS / "extra.h").unlink()
        self.assertIn("extra.h is gone while EMBEDQ_API_VERSION stayed 1, which is released", self.run_check()[1])

    def test_without_a_number(self):
        self.put("plugin.h", "")
        self.assertEqual(self.run_check(), (1, "core/include/embedq/plugin.h has no line '#define EMBEDQ_API_VERSION "
                                               "<number>'"))


if __name__ == "__main__":
    unittest.main()
