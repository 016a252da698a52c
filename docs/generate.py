#!/usr/bin/env python3
"""Writes the pages that come from the program: docs/configuration.md and docs/errors.md.

  generate.py PROGRAM [--check] [--bad-plugins FOLDER]

--check writes nothing: it prints how the pages differ from what the program says now, and fails. The folder of the bad
plugins is tests/bad_plugins beside the program's bin/ unless it is named.
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
BROKEN = ROOT / "tests" / "broken"
COMMAND = "make docs"
ENDED = "ends the process while it is loaded"  # by which status is the plugin's to say
DEADLINE = 60  # seconds for one run of the program; only a hang reaches it
SECTION = {"store": "store: {{ plugin: {name} }}", "notifier": "notifier: {{ plugin: {name} }}",
           "provider": "providers: {{ p: {{ plugin: {name} }} }}", "service": "services: [{{ plugin: {name} }}]"}

INTRODUCTION = """# What embedq says of faults

Every message names the place, what was found, what was expected and, where there is one, the nearest right name. \
All faults of a file are
told at once. This page is written by `docs/generate.py`, which runs the program on each file below; \
a test keeps it true.

## Broken configurations

The files are in `tests/broken/`; the message is that of `embedq --config FILE config check`, which ends with \
status 2. *Editor* says
whether the JSON Schema finds the fault too, while the file is written, and if not, why.

| File | Fault | Message | Editor |
|---|---|---|---|
"""

PLUGINS = """
## Bad plugins

The sources are in `tests/bad_plugins/`; each plugin is named by a configuration that lists its folder, here \
`/plugins`, and `config check`
answers with status 2, unless the plugin ends the process before the program can. In italics: \
copies of the sound plugin, spoilt as files.

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

    def complaint(self, config):
        """The lines that `config check` says of a file it refuses, without the program's name; none when it is good."""
        done = self.run("--config", config, "config", "check")
        if done.returncode == 0 and done.stdout.endswith(": good\n"):
            return []
        said = [line.removeprefix("embedq: ") for line in done.stderr.splitlines()]
        if done.returncode != 2 and not any(ENDED in line for line in said):
            sys.exit(f"generate: config check of {config} ended with status {done.returncode}, not 2: {done.stderr}")
        return said


def cell(lines):
    return "<br>".join(re.sub(r"([|*])", r"\\\1", line.replace("<", "&lt;")) for line in lines)


def comments(path, mark):
    """The comment lines that a file begins with."""
    lines = []
    for line in path.read_text(errors="replace").splitlines():
        if not line.startswith(mark):
            break
        lines.append(line.removeprefix(mark).strip())
    if not lines:
        sys.exit(f"generate: {path} does not begin with a comment that says what is wrong in it; write one")
    return lines


def broken_rows(program):
    for path in sorted(BROKEN.glob("*.yaml")):
        shutil.copy(path, program.world / path.name)
        said = program.complaint(path.name)
        if not said:
            sys.exit(f"generate: {path} is good, but tests/broken holds what must be refused; take it away")
        fault, *more = comments(path, "#")
        blind = [line.removeprefix("Schema: ") for line in more if line.startswith("Schema: ")]
        editor = f"no: {blind[0]}" if blind else "yes"
        yield f"| [{path.name}](../tests/broken/{path.name}) | {cell([fault])} | {cell(said)} | {cell([editor])} |"


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


# Files that are spoilt after they were built: name, fault, what is done to a copy of the sound plugin.
SPOILT = [
    ("cut off", "The file ends in the middle: its copying was interrupted.", cut),
    ("script", "A script by the name of a plugin.", lambda path: path.write_text("#!/bin/sh\n" + "# no plugin\n" * 20)),
    ("short", "A file too short to be anything.", lambda path: path.write_bytes(b"\x7fELF")),
    ("foreign machine", "Built for another processor.", lambda path: overwrite(path, 18, 8)),
    ("no library", "An ELF file that is no shared object.", lambda path: overwrite(path, 16, 2)),
    ("writable", "A file that everyone may change.", lambda path: path.chmod(0o777)),
    ("writable folder", "A folder that everyone may change.", lambda path: path.parent.chmod(0o777)),
    ("twice", "Two files of one kind and name.", second),
]


def plugin_complaint(program, files, spoil=None):
    """What is said of a configuration that names a plugin in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=program.world) as made:
        folder = pathlib.Path(made) / "plugins"
        folder.mkdir(mode=0o755)
        path = pathlib.Path(shutil.copy(files, folder))
        path.chmod(0o755)
        if spoil:
            spoil(path)
        folders = sorted({file.parent for file in folder.rglob("*.so")})
        kind, name = re.fullmatch(r"libembedq_([a-z]+)_(.+)\.so", path.name).groups()
        config = program.world / "embedq.yaml"
        config.write_text(f"version: 1\nplugins: {{ paths: [{', '.join(map(str, folders))}] }}\n"
                          f"{SECTION[kind].format(name=name)}\n")
        said = program.complaint(config.name)
    # The place of the folder, and the compiler and sanitizer of the build, are this machine's.
    alike = {r"sanitizer=\w+": "sanitizer=none", r"clang-\d+ c\+\+=\d+L": "g++-12 c++=202100L",
             r"libclang_rt\.tsan-\w+\.so": "libtsan.so.2"}
    lines = [line.replace(str(folder), "/plugins") for line in said]
    for pattern, text in alike.items():
        lines = [re.sub(pattern, text, line) for line in lines]
    return lines


def plugin_rows(program, folder):
    at_work = []
    for path in sorted(folder.glob("libembedq_*_*.so")):
        name = re.fullmatch(r"libembedq_[a-z]+_(.+)\.so", path.name).group(1)
        source = ROOT / "tests" / "bad_plugins" / f"{name}.cpp"
        if name == "sound" or not source.exists():
            continue
        said = plugin_complaint(program, path)
        fault = " ".join(comments(source, "//"))
        if said:
            yield f"| [{name}](../tests/bad_plugins/{name}.cpp) | {cell([fault])} | {cell(said)} |"
        else:
            at_work.append(f"[{name}](../tests/bad_plugins/{name}.cpp) ({fault.rstrip('.')})")
    for name, fault, spoil in SPOILT:
        said = plugin_complaint(program, folder / "libembedq_provider_sound.so", spoil)
        if not said:
            sys.exit(f"generate: the plugin file spoilt as '{name}' is taken, but must be refused")
        yield f"| *{name}* | {cell([fault])} | {cell(said)} |"
    if at_work:
        yield f"\nThese pass the check and are caught when they are used: {'; '.join(at_work)}."


def pages(program_path, bad_plugins):
    with tempfile.TemporaryDirectory(prefix="embedq-docs-") as world:
        program = Program(program_path, pathlib.Path(world).resolve())
        reference = program.run("config", "reference")
        if reference.returncode != 0:
            sys.exit(f"generate: config reference ended with status {reference.returncode}: {reference.stderr}")
        rows = [*broken_rows(program)]
        errors = INTRODUCTION + "\n".join(rows) + "\n" + PLUGINS + "\n".join(plugin_rows(program, bad_plugins)) + "\n"
    return {ROOT / "docs" / "configuration.md": reference.stdout, ROOT / "docs" / "errors.md": errors}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bad-plugins", type=pathlib.Path)
    arguments = parser.parse_args()
    program = arguments.program.resolve()
    if not os.access(program, os.X_OK):
        sys.exit(f"generate: {arguments.program} is no program; build it first")
    bad_plugins = arguments.bad_plugins or program.parent.parent / "tests" / "bad_plugins"
    if not (bad_plugins / "libembedq_provider_sound.so").exists():
        sys.exit(f"generate: {bad_plugins} holds no bad plugins; give a program built with its tests, such as "
                 "build/dev/bin/embedq")

    stale = False
    for path, text in pages(program, bad_plugins).items():
        before = path.read_text() if path.exists() else ""
        if not arguments.check:
            path.write_text(text)
        elif before != text:
            stale = True
            name = str(path.relative_to(ROOT))
            sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), text.splitlines(True), name,
                                                       "what the program says now"))
    if stale:
        sys.exit(f"generate: the pages differ from what the program says; if that is meant, write them anew: {COMMAND}")


if __name__ == "__main__":
    main()
