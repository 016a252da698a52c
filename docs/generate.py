#!/usr/bin/env python3
"""Writes the pages that come from the sources (docs/layering.md, docs/messages.md, the numbers of docs/scheduler.md)
and from the program (docs/configuration.md, docs/errors.md).

  generate.py [PROGRAM] [--check] [--bad-plugins FOLDER]

Without PROGRAM, only what comes from the sources. --check writes nothing: it prints how the pages differ from what they
should be, and fails. The folder of the bad plugins is tests/bad_plugins beside the program's bin/ unless it is named.
"""

import argparse
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "layering"))
import messages  # noqa: E402
import rules  # noqa: E402
import scheduler_numbers  # noqa: E402

BROKEN = ROOT / "tests" / "broken"
COMMAND = "make docs"
ENDED = "ends the process while it is loaded"  # with a status that the plugin chooses
DEADLINE = 60  # seconds for one run of the program; only a hang reaches it
SECTION = {"store": "store: {{ plugin: {name} }}", "notifier": "notifier: {{ plugin: {name} }}",
           "provider": "providers: {{ p: {{ plugin: {name} }} }}", "service": "services: [{{ plugin: {name} }}]"}

LAYERING = """# Who may include whom

This page is written by `docs/generate.py` from `tests/layering/rules.py`. `tests/layering/check.py` compares the
includes of every source and the links of CMake with the same tables, and fails on an arrow that is not in them
(`ctest --preset dev -R layering`). [architecture.md](architecture.md) explains the parts.

Every folder may include its own files, the C++ standard library, the contract (`{contract}`) and the installed helpers
(`{support}`). The contract includes the standard library only. A rule holds for the folders below it, too, unless they
have a rule of their own. `*` stands for one folder, so that no plugin may include another.
"""

GROUPS = [("The program", ("core", "config", "plugins/loader")), ("Plugins", ("backends", "providers", "plugins")),
          ("Tests and measurements", ("tests", "benchmarks"))]

LIBRARIES = """
## Libraries of others

A library is known to few files, which are listed here. Any other file that includes it or links it fails the test. A
library that only single files know is linked `PRIVATE`.

| library | seen by | reason |
|---|---|---|
"""

INTRODUCTION = """# Error messages

Every message names the place, what was found, what was expected and, where there is one, the nearest right name. \
All faults of a file are
reported together. This page is written by `docs/generate.py`, which runs the program on each file below; \
a test keeps it true.

## Broken configurations

The files are in `tests/broken/`; the message is that of `embedq --config FILE config check`, which exits with \
status 2. *Editor* says
whether the JSON Schema finds the fault, too, while the file is being written, and if not, why.

| File | Fault | Message | Editor |
|---|---|---|---|
"""

PLUGINS = """
## Bad plugins

The sources are in `tests/bad_plugins/`; each plugin is named by a configuration that lists its folder, here \
`/plugins`, and `config check`
exits with status 2, unless the plugin ends the process first. In italics: \
copies of the sound plugin whose files were damaged afterwards.

| Plugin | Fault | Message |
|---|---|---|
"""


class Program:
    def __init__(self, path, world):
        self.path = path
        self.world = world

    def run(self, *words):
        kept = {key: os.environ[key] for key in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
                if key in os.environ}
        environment = {**kept, "HOME": str(self.world), "XDG_DATA_HOME": str(self.world)}
        return subprocess.run([self.path, *map(str, words)], env=environment, cwd=self.world, capture_output=True,
                              text=True, timeout=DEADLINE)

    def refusal(self, config):
        """The lines that `config check` prints about a file that it refuses, without the program's name; none if it is
        valid."""
        done = self.run("--config", config, "config", "check")
        if done.returncode == 0 and done.stdout.endswith(": OK\n"):
            return []
        lines = [line.removeprefix("embedq: ") for line in done.stderr.splitlines()]
        if done.returncode != 2 and not any(ENDED in line for line in lines):
            sys.exit(f"generate: config check of {config} exited with status {done.returncode}, not 2: {done.stderr}")
        return lines


def cell(lines):
    return "<br>".join(re.sub(r"([|*])", r"\\\1", line.replace("<", "&lt;")) for line in lines)


def comments(path, mark):
    """The comment lines at the beginning of a file."""
    lines = []
    for line in path.read_text(errors="replace").splitlines():
        if not line.startswith(mark):
            break
        lines.append(line.removeprefix(mark).strip())
    if not lines:
        sys.exit(f"generate: {path} does not begin with a comment that says what is wrong in it; add one")
    return lines


def broken_rows(program):
    for path in sorted(BROKEN.glob("*.yaml")):
        shutil.copy(path, program.world / path.name)
        message = program.refusal(path.name)
        if not message:
            sys.exit(f"generate: {path} is valid, but all files in tests/broken must be refused; delete it")
        fault, *more = comments(path, "#")
        blind = [line.removeprefix("Schema: ") for line in more if line.startswith("Schema: ")]
        editor = f"no: {blind[0]}" if blind else "yes"
        yield f"| [{path.name}](../tests/broken/{path.name}) | {cell([fault])} | {cell(message)} | {cell([editor])} |"


def overwrite(path, offset, byte):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(bytes([byte]))


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def second(path):
    inner = path.parent / "more"
    inner.mkdir()
    shutil.copy(path, inner / path.name)


# Files that are damaged after they were built: name, fault, what is done to a copy of the sound plugin.
DAMAGED = [
    ("cut off", "The file ends in the middle: its copying was interrupted.", cut),
    ("script", "A script with the name of a plugin.",
     lambda path: path.write_text("#!/bin/sh\n" + "# no plugin\n" * 20)),
    ("short", "A file that is too short for an ELF header.", lambda path: path.write_bytes(b"\x7fELF")),
    ("foreign machine", "Built for another processor.", lambda path: overwrite(path, 18, 8)),
    ("no library", "An ELF file that is not a shared object.", lambda path: overwrite(path, 16, 2)),
    ("writable", "A file that everyone may write to.", lambda path: path.chmod(0o777)),
    ("writable folder", "A folder that everyone may write to.", lambda path: path.parent.chmod(0o777)),
    ("twice", "Two files with the same kind and name.", second),
]


def plugin_refusal(program, files, damage=None):
    """The message for a configuration that names a plugin in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=program.world) as made:
        folder = pathlib.Path(made) / "plugins"
        folder.mkdir(mode=0o755)
        path = pathlib.Path(shutil.copy(files, folder))
        path.chmod(0o755)
        if damage:
            damage(path)
        folders = sorted({file.parent for file in folder.rglob("*.so")})
        kind, name = re.fullmatch(r"libembedq_([a-z]+)_(.+)\.so", path.name).groups()
        config = program.world / "embedq.yaml"
        config.write_text(f"version: 1\nplugins: {{ paths: [{', '.join(map(str, folders))}] }}\n"
                          f"{SECTION[kind].format(name=name)}\n")
        found = program.refusal(config.name)
    # The path of the folder, and the compiler and sanitizer of the build, differ between machines.
    alike = {r"sanitizer=\w+": "sanitizer=none", r"clang-\d+ c\+\+=\d+L": "g++-12 c++=202100L",
             r"libclang_rt\.tsan-\w+\.so": "libtsan.so.2"}
    lines = [line.replace(str(folder), "/plugins") for line in found]
    for pattern, text in alike.items():
        lines = [re.sub(pattern, text, line) for line in lines]
    return lines


def plugin_rows(program, folder):
    in_use = []
    for path in sorted(folder.glob("libembedq_*_*.so")):
        name = re.fullmatch(r"libembedq_[a-z]+_(.+)\.so", path.name).group(1)
        source = ROOT / "tests" / "bad_plugins" / f"{name}.cpp"
        if name == "sound" or not source.exists():
            continue
        message = plugin_refusal(program, path)
        fault = " ".join(comments(source, "//"))
        if message:
            yield f"| [{name}](../tests/bad_plugins/{name}.cpp) | {cell([fault])} | {cell(message)} |"
        else:
            in_use.append(f"[{name}](../tests/bad_plugins/{name}.cpp) ({fault.rstrip('.')})")
    for name, fault, damage in DAMAGED:
        message = plugin_refusal(program, folder / "libembedq_provider_sound.so", damage)
        if not message:
            sys.exit(f"generate: the plugin file damaged as '{name}' is accepted, but must be refused")
        yield f"| *{name}* | {cell([fault])} | {cell(message)} |"
    if in_use:
        yield f"\nThese pass the check and are caught when they are used: {'; '.join(in_use)}."


def codes(paths):
    return ", ".join(f"`{path}`" for path in paths)


def layering():
    """docs/layering.md, from the tables of tests/layering/rules.py."""
    text = LAYERING.format(contract=rules.CONTRACT, support=rules.SUPPORT)
    left = [folder for folder in rules.FOLDERS if folder.path != rules.CONTRACT]
    production = set(rules.PRODUCTION)
    for title, tops in GROUPS:
        text += f"\n## {title}\n\n| folder | may also include | reason |\n|---|---|---|\n"
        mine = [folder for folder in left if folder.path.startswith(tops)]
        left = [folder for folder in left if folder not in mine]
        for folder in mine:
            # Tests that may see everything that is installed say so instead of listing it.
            may = [path for path in folder.may if path not in production]
            all_of_it = production <= set(folder.may)
            seen = ["every folder of the first two tables"] * all_of_it + [codes(may if all_of_it else folder.may)]
            seen = ", ".join(part for part in seen if part) or "nothing else"
            text += f"| `{folder.path}` | {seen} | {folder.note} |\n"
    if left:
        sys.exit(f"generate: no group of docs/layering.md has the rule of '{left[0].path}'; add its folder to GROUPS")
    text += LIBRARIES
    for library in rules.LIBRARIES:
        text += f"| {library.name} | {codes(library.places)} | {library.note} |\n"
    return text


def with_section(path, name, section):
    """The page with the part between its two marks replaced."""
    begin, end = f"<!-- generated by docs/generate.py: {name} -->\n", "<!-- end of what is generated -->\n"
    text = path.read_text()
    if begin not in text or end not in text:
        sys.exit(f"generate: {path} has lost the marks around '{name}'; write both again: {begin}{end}")
    head, rest = text.split(begin, 1)
    return head + begin + section + end + rest.split(end, 1)[1]


def pages_of_sources():
    scheduler = ROOT / "docs" / "scheduler.md"
    return {ROOT / "docs" / "layering.md": layering(), ROOT / "docs" / "messages.md": messages.page(ROOT),
            scheduler: with_section(scheduler, "numbers", scheduler_numbers.table())}


def pages_of_program(program_path, bad_plugins):
    with tempfile.TemporaryDirectory(prefix="embedq-docs-") as world:
        program = Program(program_path, pathlib.Path(world).resolve())
        reference = program.run("config", "reference")
        if reference.returncode != 0:
            sys.exit(f"generate: config reference exited with status {reference.returncode}: {reference.stderr}")
        rows = [*broken_rows(program)]
        errors = INTRODUCTION + "\n".join(rows) + "\n" + PLUGINS + "\n".join(plugin_rows(program, bad_plugins)) + "\n"
    return {ROOT / "docs" / "configuration.md": reference.stdout, ROOT / "docs" / "errors.md": errors}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path, nargs="?")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bad-plugins", type=pathlib.Path)
    arguments = parser.parse_args()
    pages = pages_of_sources()
    if arguments.program:
        program = arguments.program.resolve()
        if not os.access(program, os.X_OK):
            sys.exit(f"generate: {arguments.program} is not a program; build it first")
        bad_plugins = arguments.bad_plugins or program.parent.parent / "tests" / "bad_plugins"
        if not (bad_plugins / "libembedq_provider_sound.so").exists():
            sys.exit(f"generate: {bad_plugins} has no bad plugins; name a program that was built with its tests, such "
                     "as build/dev/bin/embedq")
        pages.update(pages_of_program(program, bad_plugins))
    stale = False
    for path, text in pages.items():
        before = path.read_text() if path.exists() else ""
        if not arguments.check:
            path.write_text(text)
        elif before != text:
            stale = True
            name = str(path.relative_to(ROOT))
            sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), text.splitlines(True), name,
                                                       "as generated now"))
    if stale:
        sys.exit(f"generate: the pages are out of date; to write them again: {COMMAND}")


if __name__ == "__main__":
    main()
