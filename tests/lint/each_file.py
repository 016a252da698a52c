#!/usr/bin/env python3
"""Checks each source file by itself: each_file.py compile|whole|tidy BUILD_FOLDER [PART_OF_PATH...]

compile  clang's front end on every file alone, with all warnings and -Wthread-safety as errors. Builds that put many
         files into one unit hide missing includes and duplicate names; this does not. The standard library,
         GoogleTest and nlohmann-json are precompiled once for all files.
whole    the same without precompiled headers, so that each file must also include what it needs of these; takes three
         times as long.
tidy     clang-tidy, with the checks of .clang-tidy.

The commands are those of BUILD_FOLDER/compile_commands.json. A file that passed is not checked again until it, or a
file that it includes, changes: BUILD_FOLDER/each_file has the state of each file that passed. The exit status is 1 if a
file has findings.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLANG, TIDY = "clang++-19", "clang-tidy-19"
# Options that only g++ knows.
GCC_ONLY = ("-Wno-restrict", "-Wno-maybe-uninitialized", "-Wno-tsan", "-Wno-subobject-linkage", "-Wno-shadow")
# Options that do not change the findings, but with which a precompiled header would not match.
CODE_GENERATION = ("-pthread", "-fsanitize", "-fno-sanitize", "-fPI", "-fvisibility", "-fno-omit-frame-pointer",
                   "-ffast-math", "-m", "-g", "-O")
# libpqxx 6 and others use declarations that they have deprecated.
WARNINGS = ["-Wthread-safety", "-Werror", "-Wno-deprecated-declarations"]


class File:
    """A source file with clang's arguments for it."""

    def __init__(self, entry):
        self.path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        self.folder = entry["directory"]
        words = shlex.split(entry["command"])
        while not words[0].endswith(("c++", "g++", "clang++", CLANG)):
            del words[0]  # ccache
        out = words.index("-o")
        del words[out:out + 2]
        self.arguments = [word for word in words[1:]
                          if word not in GCC_ONLY and word != "-c" and not word.startswith(CODE_GENERATION)]
        self.name = str(self.path.relative_to(ROOT)) if self.path.is_relative_to(ROOT) else str(self.path)


def sources(folder, parts):
    """Every file of the project once, even if it is in several targets.

    Files that the build generates are checked through the files that include them.
    """
    found = {}
    for entry in json.loads((folder / "compile_commands.json").read_text()):
        one = File(entry)
        if one.path.is_relative_to(ROOT) and not one.path.is_relative_to(folder) and one.name not in found:
            if not parts or any(part in one.name for part in parts):
                found[one.name] = one
    return list(found.values())


class Passed:
    """The state of each file, with all that it includes, when it passed."""

    def __init__(self, path, salt):
        self.path, self.salt, self.digests = path, salt, {}
        try:
            self.known = json.loads(path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            self.known = {}

    def state(self, file, includes):
        digest = hashlib.sha256(json.dumps([self.salt, file.arguments]).encode())
        for name in includes:
            if name not in self.digests:
                path = pathlib.Path(name)
                try:
                    if path.is_relative_to(ROOT):
                        self.digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
                    else:
                        about = path.stat()
                        self.digests[name] = f"{about.st_size} {about.st_mtime_ns}"
                except OSError:
                    self.digests[name] = "gone"
            digest.update(f"{name}\0{self.digests[name]}\0".encode())
        return digest.hexdigest()

    def holds(self, file):
        kept = self.known.get(file.name)
        return kept is not None and kept["state"] == self.state(file, kept["includes"])

    def add(self, file, includes):
        self.known[file.name] = {"includes": includes, "state": self.state(file, includes)}

    def save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.known)
        with tempfile.NamedTemporaryFile("w", dir=self.path.parent, delete=False) as file:
            file.write(text)
        os.replace(file.name, self.path)


def read_includes(path):
    """The files of a rule of make: `x.o: a b \\`."""
    text = path.read_text().replace("\\\n", " ").split(":", 1)[1]
    return sorted({name for name in text.split() if not name.endswith(".pch")})


# The headers of the standard library that most files of the project include.
STANDARD = ("algorithm array atomic charconv chrono condition_variable cstdint cstdio cstdlib exception expected "
            "filesystem fstream functional initializer_list limits map memory mutex optional random ranges set span "
            "sstream stdexcept stop_token string string_view system_error thread unordered_map unordered_set utility "
            "variant vector").split()
GOOGLETEST = ["gmock/gmock.h", "gtest/gtest.h"]
# A library that takes long to read.
JSON = ["nlohmann/json.hpp"]


def precompile(build, name, headers):
    """Reads headers once for all files, since they take most of the time for a file. They come before the includes of a
    file, so they hide no header of the project."""
    header = build / "each_file" / f"{name}.h"
    header.parent.mkdir(parents=True, exist_ok=True)
    header.write_text("".join(f"#include <{one}>\n" for one in headers))
    made = header.with_suffix(".pch")
    # With their templates: otherwise each file instantiates them again, which takes longer than all that it has itself.
    subprocess.run([CLANG, "-std=c++23", "-DGTEST_HAS_PTHREAD=1", "-fpch-instantiate-templates", "-x", "c++-header",
                    str(header), "-o", str(made)], check=True)
    return made


def findings_of(done, file):
    """What a program printed that did not pass the file; one that was killed may have printed nothing."""
    return (done.stdout + done.stderr or f"{file.name}: status {done.returncode}") if done.returncode else ""


def check(mode, file, build, precompiled):
    """Returns (includes, findings); without findings the file passed. `precompiled` has the precompiled headers."""
    with tempfile.NamedTemporaryFile(suffix=".d") as rule:
        if mode != "tidy":
            uses_gtest = re.search(r"^#include <g(test|mock)/", file.path.read_text(), re.M)
            header = precompiled.get("gtest" if uses_gtest else "std")
            include = ["-include-pch", str(header)] if header else []
            done = subprocess.run([CLANG, *file.arguments, *include, "-fsyntax-only", "-MD", "-MF", rule.name, "-MT",
                                   "x", *WARNINGS], cwd=file.folder, capture_output=True, text=True)
            findings = findings_of(done, file)
        else:
            done = subprocess.run([TIDY, "-p", str(build), "--quiet", str(file.path)], cwd=ROOT, capture_output=True,
                                  text=True)
            findings = findings_of(done, file)
            if not findings:
                subprocess.run([CLANG, *file.arguments, "-E", "-M", "-MF", rule.name, "-MT", "x", "-w"],
                               cwd=file.folder,
                               capture_output=True, check=False)
        return (read_includes(pathlib.Path(rule.name)) if not findings else []), findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["compile", "whole", "tidy"])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    version = subprocess.run([TIDY if arguments.mode == "tidy" else CLANG, "--version"], capture_output=True, text=True,
                             check=True).stdout
    salt = [version, (ROOT / ".clang-tidy").read_text() if arguments.mode == "tidy" else WARNINGS]
    passed = Passed(build / "each_file" / f"{arguments.mode}.json", salt)
    files = sources(build, arguments.parts)
    if not files:
        sys.exit(f"each_file: no source file in {build}/compile_commands.json matches {' '.join(arguments.parts)}")
    start = time.monotonic()
    todo = [file for file in files if not passed.holds(file)]
    precompiled = {}
    if todo and arguments.mode == "compile":
        precompiled = {"std": precompile(build, "std", STANDARD + JSON),
                       "gtest": precompile(build, "gtest", GOOGLETEST + STANDARD + JSON)}
    bad = []
    try:
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            jobs = {pool.submit(check, arguments.mode, file, build, precompiled): file for file in todo}
            for job in concurrent.futures.as_completed(jobs):
                file = jobs[job]
                includes, findings = job.result()
                if findings:
                    bad.append(file.name)
                    print(findings.rstrip(), flush=True)
                else:
                    passed.add(file, includes)
    finally:
        passed.save()
    print(f"each_file {arguments.mode}: {len(files)} files, {len(todo)} checked, {len(bad)} with findings, "
          f"{time.monotonic() - start:.0f} s")
    for name in sorted(bad):
        print(f"  {name}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
