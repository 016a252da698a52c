"""What `cmake --install` installs, used as a plugin's author does: only by the prefix, which was moved after the
installation."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import program
import walk
from program import World, document

DEADLINE = 1200  # seconds for building and testing a project on a busy machine; only a hang reaches it


def sanitizer_of(build):
    found = re.search(r"^EMBEDQ_SANITIZE:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.M)
    return found[1] if found else ""


class Installed(unittest.TestCase):
    APART, FIRST = True, True  # to install takes a moment, to build takes long

    @classmethod
    def setUpClass(cls):
        build = pathlib.Path(program.PROGRAM).parent.parent
        if not (build / "CMakeCache.txt").exists():
            raise unittest.SkipTest(f"{build} is not a build folder, so nothing can be installed from it")
        if sanitizer := sanitizer_of(build):
            raise unittest.SkipTest(f"built with -fsanitize={sanitizer}, as no author's project is; make test-release "
                                    "shows it")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="embedq-installed-")).resolve()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        first = cls.folder / "first"
        # Under this mask the group may write the files, which the loader would refuse.
        done = subprocess.run(["cmake", "--install", str(build), "--prefix", str(first)], capture_output=True,
                              text=True, umask=0o002,
                              timeout=DEADLINE)
        if done.returncode != 0:
            raise AssertionError(f"cmake --install ended with status {done.returncode}: {done.stderr}")
        cls.prefix = cls.folder / "moved to" / "prefix"
        cls.prefix.parent.mkdir()
        first.rename(cls.prefix)

    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        self.here = self.world.folder

    def environment(self):
        environment = self.world.environment()
        return {**environment, "PATH": f"{self.prefix}/bin:{environment['PATH']}"}

    def run_here(self, *words, folder=None):
        status, output = walk.run([*map(str, words)], folder or self.here, self.environment(), DEADLINE)
        self.assertEqual(status, 0, f"{' '.join(map(str, words))}\n{output}")
        return output

    def project(self, kind, name):
        """A new project, built and tested. Returns its folder and the output of its tests."""
        self.run_here("embedq", "plugins", "new", kind, name)
        folder = self.here / name
        # Without optimisation, which takes half the time; the page is followed with the default.
        self.run_here("cmake", "-B", "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None", folder=folder)
        self.run_here("cmake", "--build", "build", folder=folder)
        printed = self.run_here("ctest", "--test-dir", "build", "-V", folder=folder)
        self.assertRegex(printed, r"conformance: [1-9]\d* passed, 0 failed")
        self.assertIn("100% tests passed", printed)
        return folder, printed

    def index(self, folder):
        """Indexes and searches with the project's example."""
        self.world.write("pets.json", document("pets", 6))
        config = ("--config", folder / "example.yaml")
        said = self.run_here("embedq", "index", self.world.specs, *config, folder=folder)
        self.assertIn("6 operations of 1 document are in the catalog", said)
        return self.run_here("embedq", "search", "Operation number 4 of pets", *config, folder=folder)

    def test_the_page_word_for_word(self):
        page = self.prefix / "share" / "doc" / "embedq" / "writing-a-plugin.md"
        walk.walk(page, self.here, self.environment(), DEADLINE)

    def test_a_new_provider(self):
        folder, printed = self.project("provider", "words_of_mine")
        self.assertRegex(printed, r"conformance: \d+ passed, 0 failed, 0 skipped")
        found = self.index(folder)
        self.assertIn("ranking: hybrid", found)
        self.assertIn("Operation number 4 of pets", found)
        self.run_here("cmake", "--install", "build", "--prefix", self.prefix, folder=folder)
        self.addCleanup(os.remove, self.prefix / "lib/embedq/plugins/libembedq_provider_words_of_mine.so")
        self.assertIn("words_of_mine", self.run_here("embedq", "plugins", "list"))
        shown = self.run_here("embedq", "plugins", "show", "words_of_mine")
        self.assertIn(f"{self.prefix}/lib/embedq/plugins/libembedq_provider_words_of_mine.so", shown)
        self.assertRegex(shown, r"build tag +g\+\+-\d+ c\+\+=\d+L? .* api=1")
        self.assertRegex(shown, r"dimension +integer +256 +8 to 4096 +Numbers per vector\.")

    def test_a_new_store(self):
        folder, _ = self.project("store", "shelf")
        self.index(folder)
        verified = self.run_here("embedq", "plugins", "verify", folder / "build/libembedq_store_shelf.so", "--cases",
                                 "*/fenced.*")
        self.assertRegex(verified, r"fenced +[1-9]\d* +0 +0")

    def test_a_new_notifier(self):
        folder, _ = self.project("notifier", "bell")
        self.index(folder)

    def test_a_new_service(self):
        self.project("service", "counter")

    def test_no_link_of_a_page_leads_nowhere(self):
        pages = list((self.prefix / "share" / "doc" / "embedq").rglob("*.md"))
        self.assertGreater(len(pages), 30)
        for page in pages:
            for link in re.findall(r"\]\(([^)#]+)", re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.S)):
                if "://" not in link:
                    self.assertTrue((page.parent / link).exists(), f"{page.name}: {link}")

    def test_nothing_points_back_to_the_build(self):
        build = str(pathlib.Path(program.PROGRAM).parent.parent)
        texts = [path for path in self.prefix.rglob("*") if path.suffix in (".cmake", ".h", ".cpp", ".txt", ".yaml")]
        self.assertGreater(len(texts), 30)
        for path in texts:
            self.assertNotIn(build, path.read_text(), path)
            self.assertNotIn(str(self.folder / "first"), path.read_text(), path)
        for path in (self.prefix / "bin").iterdir():
            self.assertNotIn(build, self.run_here("readelf", "-d", path), path)

    def test_a_project_that_is_built_differently_is_refused(self):
        self.run_here("embedq", "plugins", "new", "notifier", "bell")
        status, said = walk.run(["cmake", "-B", "build", "-G", "Ninja", "-DCMAKE_CXX_FLAGS=-fsanitize=address"],
                                self.here / "bell",
                                self.environment(), DEADLINE)
        said = " ".join(said.split())
        self.assertNotEqual(status, 0, said)
        self.assertIn("sanitizer=address api=1', but the embedq in", said)
        self.assertIn("sanitizer=none api=1'. Build both alike", said)
