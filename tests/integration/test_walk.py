"""Tests of walk.py: what it runs, and each fault that it must find."""

import os
import pathlib
import tempfile
import unittest

import walk

SOUND = """# A page

```sh
echo one; echo "two  and   more"
cd /
```

```text
one
two and …
```

```yaml written.yaml
a: 1
```

```cmake
not_run_at_all()
```
"""


class Walk(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def walk(self, text, deadline=60):
        page = self.folder / "page.md"
        page.write_text(text)
        walk.walk(page, self.folder, dict(os.environ), deadline)

    def refused(self, text, said, **more):
        with self.assertRaises(AssertionError) as caught:
            self.walk(text, **more)
        self.assertIn(said, str(caught.exception))

    def test_a_sound_page(self):
        self.walk(SOUND.replace("cd /", "mkdir inner; cd inner"))
        self.assertEqual((self.folder / "inner" / "written.yaml").read_text(), "a: 1\n")

    def test_a_command_that_fails(self):
        self.refused("```sh\ntrue\n```\n```sh\nfalse\necho on\n```\n", "page.md:4: these commands end with status 1")

    def test_other_output(self):
        self.refused(SOUND.replace("echo one", "echo eins").replace("cd /", ""),
                     "page.md:8: 'one' is not what page.md:3 prints")

    def test_output_in_another_order(self):
        self.refused("```sh\necho a; echo b\n```\n```text\nb\na\n```\n", "'a' is not what")

    def test_a_line_is_a_whole_line(self):
        self.refused("```sh\necho 10 failed\n```\n```text\n0 failed\n```\n", "'0 failed' is not what")

    def test_a_command_that_does_not_end(self):
        self.refused("```sh\necho here; sleep 600\n```\n", "status none", deadline=1)

    def test_pages_without_commands(self):
        self.refused("# No command\n", "has no command to walk")
        self.refused("```text\nx\n```\n", "no command stands before it")
        self.refused("```sh\ntrue\n", "page.md:1: the block is not closed")
