#!/usr/bin/env python3
"""Tests the layering check itself: each violation, in a small tree of its own, is reported once and nothing else is."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # a test must not leave files in the source tree

import check
from rules import Folder, Library

TABLES = check.Tables(
    folders=[
        Folder("core/include", []),
        Folder("core/catalog", []),
        Folder("core/scheduler", ["core/catalog"]),
        Folder("core/engine", ["core/catalog", "core/scheduler"]),
        Folder("backends/*", []),
        Folder("plugins/notifiers/*", ["plugins/notifiers/wake"]),
        Folder("plugins/notifiers/wake", []),
        Folder("tests", [], below=False),
    ],
    libraries=[Library("yaml-cpp", ["yaml-cpp/"], ["yaml-cpp"], ["core/catalog/reader.cpp"], "one file reads YAML"),
               Library("SQLite", ["sqlite3.h"], ["SQLite::"], ["backends/sqlite"])],
    system_headers={"unistd.h"},
    include_roots=["core", "core/include", "plugins"],
    contract="core/include",
    support="core/support/include",
)

# Every rule is used, and none is violated.
GOOD = {
    "core/include/embedq/store.h": "#include <vector>\n",
    "core/catalog/hash.h": '#include "embedq/store.h"\n#include <unistd.h>\n',
    "core/catalog/reader.cpp": "  #  include <yaml-cpp/parser.h>\n",
    "core/catalog/CMakeLists.txt": "add_library(q_catalog STATIC reader.cpp)\n"
                                   "target_link_libraries(q_catalog PRIVATE yaml-cpp)\n",
    "core/scheduler/endpoint.cpp": '#include "catalog/hash.h"\n',
    "core/engine/x.h": '#include "catalog/hash.h"\n',
    "core/engine/CMakeLists.txt": "add_library(q_engine x.cpp)\ntarget_link_libraries(q_engine PUBLIC q_catalog)\n",
    "backends/memory/state.h": "#include <map>\n",
    "backends/sqlite/store.cpp": '#include <sqlite3.h>\n#include "embedq/store.h"\n',
    "plugins/notifiers/wake/signal.h": "",
    "plugins/notifiers/poll/poll.cpp": '#include "notifiers/wake/signal.h"\n',
    "tests/all.h": "",
}


class Layering(unittest.TestCase):
    def faults(self, changes, tables=TABLES):
        with tempfile.TemporaryDirectory(prefix="embedq-layering-") as folder:
            for name, text in {**GOOD, **changes}.items():
                path = pathlib.Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                if text is not None:
                    path.write_text(text)
            return check.Check(folder, tables).run()

    def expect(self, changes, *sentences, tables=TABLES):
        self.assertEqual(self.faults(changes, tables), list(sentences))

    def test_a_correct_tree_has_no_violation(self):
        self.expect({})

    def test_a_wrong_include_is_reported_with_its_rule(self):
        self.expect({"core/scheduler/endpoint.cpp": '\n#include "engine/x.h"\n'},
                    "core/scheduler/endpoint.cpp:2 includes engine/x.h (core/engine): core/scheduler may include the "
                    "contract, core/catalog and itself; see docs/layering.md")

    def test_a_path_through_parents_is_followed(self):
        self.expect({"core/catalog/hash.h": '#include "../engine/x.h"\n'},
                    "core/catalog/hash.h:1 includes ../engine/x.h (core/engine): core/catalog may include the contract "
                    "and itself; see docs/layering.md")

    def test_angle_brackets_hide_nothing(self):
        self.expect({"core/catalog/hash.h": "#include <engine/x.h>\n"},
                    "core/catalog/hash.h:1 includes engine/x.h (core/engine): core/catalog may include the contract "
                    "and itself; see docs/layering.md")

    def test_a_plugin_may_not_include_another_plugin(self):
        self.expect({"backends/sqlite/other.cpp": '#include "../memory/state.h"\n'},
                    "backends/sqlite/other.cpp:1 includes ../memory/state.h (backends/memory): backends/sqlite may "
                    "include the contract and itself; see docs/layering.md")
        self.expect({"plugins/notifiers/local/local.h": "",
                     "plugins/notifiers/poll/poll.cpp": '#include "notifiers/local/local.h"\n'},
                    "plugins/notifiers/poll/poll.cpp:1 includes notifiers/local/local.h (plugins/notifiers/local): "
                    "plugins/notifiers/poll may include the contract, plugins/notifiers/wake and itself; see "
                    "docs/layering.md")

    def test_a_support_library_may_not_include_the_plugins_that_use_it(self):
        self.expect({"plugins/notifiers/poll/poll.h": "",
                     "plugins/notifiers/wake/signal.h": '#include "notifiers/poll/poll.h"\n'},
                    "plugins/notifiers/wake/signal.h:1 includes notifiers/poll/poll.h (plugins/notifiers/poll): "
                    "plugins/notifiers/wake may include the contract and itself; see docs/layering.md")

    def test_the_contract_may_include_only_the_standard_library(self):
        self.expect({"core/include/embedq/store.h": '#include "catalog/hash.h"\n#include <unistd.h>\n'},
                    "core/include/embedq/store.h:1 includes catalog/hash.h (core/catalog): core/include may include "
                    "itself and the C++ standard library; see docs/layering.md",
                    "core/include/embedq/store.h:2 includes <unistd.h>: core/include may include itself and the C++ "
                    "standard library; see docs/layering.md")

    def test_a_library_has_its_places(self):
        self.expect({"core/engine/x.h": "#include <yaml-cpp/parser.h>\n"},
                    "core/engine/x.h:1 includes yaml-cpp/parser.h: only core/catalog/reader.cpp may use yaml-cpp (one "
                    "file reads YAML); see docs/layering.md")

    def test_an_unknown_library_needs_a_rule(self):
        self.expect({"core/engine/x.h": "#include <curl/curl.h>\n"},
                    "core/engine/x.h:1 includes <curl/curl.h> of a library without a rule; add one to "
                    "tests/layering/rules.py")

    def test_a_header_that_does_not_exist(self):
        self.expect({"core/engine/x.h": '#include "nowhere.h"\n'},
                    'core/engine/x.h:1 includes "nowhere.h", which is in no folder of tests/layering/rules.py '
                    'INCLUDE_ROOTS; fix the path, or add the folder')

    def test_a_header_that_the_build_generates(self):
        tables = TABLES._replace(generated={"texts.h": "backends/sqlite"})
        self.expect({"backends/sqlite/store.cpp": '#include <sqlite3.h>\n#include "texts.h"\n'}, tables=tables)
        self.expect({"core/engine/x.h": '#include "texts.h"\n'},
                    'core/engine/x.h:1 includes "texts.h", which is in no folder of tests/layering/rules.py '
                    'INCLUDE_ROOTS; fix the path, or add the folder', tables=tables)

    def test_a_new_folder_needs_a_rule(self):
        sentence = "{}/new.cpp: no rule for the folder {}; add one to tests/layering/rules.py"
        for folder in ("core/fetch", "tools", "tests/fresh"):
            self.expect({f"{folder}/new.cpp": ""}, sentence.format(folder, folder))

    def test_a_folder_below_inherits_the_rule(self):
        self.expect({"core/catalog/deep/er/a.cpp": '#include "catalog/hash.h"\n'})

    def test_an_unused_rule_is_reported(self):
        spare = TABLES._replace(folders=[*TABLES.folders, Folder("core/gone", [])])
        self.expect({},
                    "tests/layering/rules.py: the rule for core/gone matches no source; delete it, or fix its path",
                    tables=spare)

    def test_a_rule_that_names_an_unknown_folder_is_reported(self):
        spare = TABLES._replace(folders=[f if f.path != "core/engine" else f._replace(may=[*f.may, "core/gone"])
                                         for f in TABLES.folders])
        self.expect({}, "tests/layering/rules.py: core/engine may include core/gone, which has no rule; write one, or "
                        "fix the name",
                    tables=spare)

    def test_an_unused_place_is_reported(self):
        self.expect({"backends/sqlite/store.cpp": ""},
                    "tests/layering/rules.py: SQLite has the place backends/sqlite, but nothing there includes it; "
                    "delete the place")

    def test_a_cycle_is_reported(self):
        cyclic = TABLES._replace(folders=[f if f.path != "core/catalog" else f._replace(may=["core/engine"])
                                               for f in TABLES.folders])
        self.expect({}, "tests/layering/rules.py: the rules form a cycle: "
                        "core/catalog -> core/engine -> core/catalog",
                    "tests/layering/rules.py: the rules form a cycle: "
                    "core/catalog -> core/engine -> core/scheduler -> core/catalog",
                    tables=cyclic)

    def test_links_follow_the_same_rules(self):
        self.expect({"backends/memory/CMakeLists.txt": "embedq_add_plugin(store memory plugin.cpp)\n\n"
                                                       "target_link_libraries(embedq_store_memory\n"
                                                       "  PRIVATE q_engine)  # q_other\n"},
                    "backends/memory/CMakeLists.txt:3 links embedq_store_memory to q_engine (core/engine): "
                    "backends/memory may include the contract and itself; see docs/layering.md")
        self.expect({"core/scheduler/CMakeLists.txt": "add_library(q::engine ALIAS q_engine)\n"
                                                      "add_library(q_s $<TARGET_OBJECTS:q_engine>)\n"
                                                      "target_link_libraries(q_s q::engine)\n"},
                    "core/scheduler/CMakeLists.txt:2 links q_s to q_engine (core/engine): core/scheduler may include "
                    "the contract, core/catalog and itself; see docs/layering.md",
                    "core/scheduler/CMakeLists.txt:3 links q_s to q::engine (core/engine): core/scheduler may include "
                    "the contract, core/catalog and itself; see docs/layering.md")

    def test_links_of_embedq_add_test_are_checked(self):
        self.expect({"core/catalog/CMakeLists.txt": GOOD["core/catalog/CMakeLists.txt"]
                     + "embedq_add_test(t SOURCES q_engine LIBS q_engine)\n"},
                    "core/catalog/CMakeLists.txt:3 links t to q_engine (core/engine): core/catalog may include the "
                    "contract and itself; see docs/layering.md")

    def test_a_library_is_linked_only_where_it_is_allowed(self):
        self.expect({"core/engine/CMakeLists.txt": "add_library(q_engine x.cpp)\n"
                                                   "target_link_libraries(q_engine PRIVATE SQLite::SQLite3)\n"},
                    "core/engine/CMakeLists.txt:2 links q_engine to SQLite::SQLite3: only backends/sqlite may use "
                    "SQLite; see docs/layering.md")

    def test_a_library_that_one_file_uses_is_linked_private(self):
        self.expect({"core/catalog/CMakeLists.txt": "add_library(q_catalog reader.cpp)\n"
                                                    "target_link_libraries(q_catalog PUBLIC yaml-cpp)\n"},
                    "core/catalog/CMakeLists.txt:2 links q_catalog to yaml-cpp PUBLIC, but only "
                    "core/catalog/reader.cpp uses yaml-cpp; link it PRIVATE")


if __name__ == "__main__":
    unittest.main()
