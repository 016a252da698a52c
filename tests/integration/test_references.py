"""Documents in several files: index and refresh through the program, from a folder and from a server on loopback."""

import contextlib
import json
import sqlite3
import unittest

from program import World
from test_urls import LOCAL, Site

STORE = 'store: { plugin: sqlite, options: { path: parts.db } }\nembedding: { provider: none }\n'
THINGS = 40

PATH_ITEM = """parameters: [{{ $ref: ../components/parameters/limit.yaml }}]
get:
  operationId: list{0}
  summary: List things {0}
  responses: {{ '200': {{ $ref: '../components/answers.yaml#/ok' }} }}
post: {{ operationId: make{0}, summary: Make thing {0} }}
"""


def parts():
    """The files that the document below refers to."""
    files = {f"paths/things{i}.yaml": PATH_ITEM.format(i) for i in range(THINGS)}
    files |= {f"resources/get{i}.json": json.dumps({"operationId": f"get{i}", "summary": f"Get the part {i}"})
              for i in range(THINGS)}
    files["components/parameters/limit.yaml"] = "{ name: limit, in: query, schema: { $ref: ../limit.yaml } }\n"
    files["components/limit.yaml"] = "type: integer\n"
    files["components/answers.yaml"] = "ok: { description: { $ref: ../answer.md } }\n"
    files["answer.md"] = "# Fine\n"
    return files


def document():
    """Path items by reference, as in Rebilly's document, and operations by reference, as in DigitalOcean's."""
    paths = {f"/things/{i}": {"$ref": f"paths/things{i}.yaml"} for i in range(THINGS)}
    paths |= {f"/parts/{i}": {"get": {"$ref": f"./resources/get{i}.json#"}} for i in range(THINGS)}
    paths["/gone"] = {"$ref": "paths/gone.yaml"}
    return json.dumps({"openapi": "3.0.3", "info": {"title": "Things", "version": "1"}, "paths": paths})


class Case(unittest.TestCase):
    config = "version: 1\n" + STORE

    def setUp(self):
        self.world = World(self.config)
        self.addCleanup(self.world.close)

    def operations(self):
        """(method, path, operationId, summary) of everything that is stored."""
        with contextlib.closing(sqlite3.connect(f"file:{self.world.folder}/parts.db?mode=ro", uri=True)) as database:
            return database.execute("SELECT method, path, operation_id, summary FROM operations").fetchall()

    def assert_complete(self):
        operations = self.operations()
        self.assertEqual(len(operations), 3 * THINGS)
        for method, path, name, summary in operations:
            number = path.rsplit("/", 1)[1]
            form = {"/things/": {"GET": "list", "POST": "make"}, "/parts/": {"GET": "get"}}
            self.assertEqual(name, form[path.removesuffix(number)][method] + number)
            self.assertTrue(summary.endswith(f" {number}"), summary)


class Folder(Case):
    def test_operations_in_other_files_are_indexed_and_a_part_that_changes_is_indexed_again(self):
        for name, text in parts().items():
            self.world.write(name, text)
        self.world.write("api.json", document())
        self.world.write("stray.yaml", "no: document\n")
        report = self.world.json("index", self.world.specs)
        self.assertEqual((report["documents"], report["operations"]), (1, 3 * THINGS))
        self.assertEqual(report["parts"], len(parts()) - 1)  # Markdown is not looked for in a folder
        self.assert_complete()

        generation = self.world.json("specs", "show", "api")["generation"]
        self.world.json("index", self.world.specs)
        self.assertEqual(self.world.json("specs", "show", "api")["generation"], generation)
        self.world.write("resources/get7.json", json.dumps({"operationId": "get7", "summary": "Fetch what is 7"}))
        self.world.json("index", self.world.specs)
        self.assertEqual(self.world.json("specs", "show", "api")["generation"], generation + 1)
        self.assertIn(("GET", "/parts/7", "get7", "Fetch what is 7"), self.operations())


class Url(Case):
    config = LOCAL.replace(", CA", "") + STORE

    def setUp(self):
        super().setUp()
        self.site = Site()
        self.addCleanup(self.site.close)

    def test_parts_come_from_the_same_server_and_a_change_of_one_is_a_change_of_the_document(self):
        for name, text in parts().items():
            self.site.put(f"/v1/{name}", text, etag=f'"{name}"')
        self.site.put("/v1/api.json", document().replace("paths/gone.yaml", "https://127.0.0.2/gone.yaml"),
                      etag='"root"')
        self.site.redirect("/api", "/v1/api.json")
        report = self.world.json("index", self.site.url("/api"))
        self.assertEqual((report["documents"], report["operations"]), (1, 3 * THINGS))
        self.assert_complete()
        self.assertEqual(len(self.site.asked), len(parts()) + 2)

        self.assertEqual(self.world.json("specs", "refresh")["unchanged"], 1)
        self.site.put("/v1/paths/things7.yaml", PATH_ITEM.format(7).replace("Make thing", "Create a thing"))
        self.assertEqual(self.world.json("specs", "refresh")["changed"], 1)
        self.assertIn(("POST", "/things/7", "make7", "Create a thing 7"), self.operations())

        # A part that is not to be had for now leaves what is stored.
        self.site.pages["/v1/answer.md"] = (503, {}, b"")
        refreshed = self.world.run("specs", "refresh", "--json")
        self.assertEqual(refreshed.returncode, 1)
        self.assertIn("the part answer.md was not delivered: the server answers 503", refreshed.stdout)
        self.assertEqual(len(self.operations()), 3 * THINGS)
