#!/usr/bin/env python3
"""Reports each include and each CMake link that violates rules.py: check.py [ROOT].

Every quoted include must find its header, and the rule of the including folder must name the header's folder. Every
other include must be of the C++ standard library, the operating system, or a library whose places contain the including
file. Every link between two targets of the project must follow the same rules. A library that only single files know
must be linked PRIVATE. The rules must not contain a cycle, and every rule must be used.
"""

import fnmatch
import pathlib
import posixpath
import re
import subprocess
import sys
from typing import NamedTuple

sys.dont_write_bytecode = True  # a test must not leave files in the source tree

import cmake
import rules

SOURCE = re.compile(r".*\.(h|hh|hpp|c|cc|cpp|cxx|inc|ipp)(\.in)?$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
STANDARD = re.compile(r"^[a-z0-9_]+$")
SEE = "see docs/layering.md"
RULES_FILE = "tests/layering/rules.py"


class Tables(NamedTuple):
    folders: list
    libraries: list
    system_headers: set
    include_roots: list
    contract: str
    support: str
    generated: dict = {}


OWN_TABLES = Tables(rules.FOLDERS, rules.LIBRARIES, rules.SYSTEM_HEADERS, rules.INCLUDE_ROOTS, rules.CONTRACT,
                    rules.SUPPORT, rules.GENERATED)


def files_of(root):
    """The files that git tracks or would track; without git, all files outside build folders."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"], capture_output=True,
                            text=True)
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:
        names = [str(path.relative_to(root)) for path in root.rglob("*")]
        names = [name for name in names if not name.startswith(("build/", ".git/"))]
    return sorted(name for name in set(names) if (root / name).is_file())


def folder_of(name):
    return str(pathlib.PurePosixPath(name).parent)


class Owner(NamedTuple):
    rule: object
    folder: str  # the rule's path, with * replaced by the actual folder


class Check:
    """`files` and `read` replace the list of files in `root` and how a file is read."""

    def __init__(self, root, tables=OWN_TABLES, files=None, read=None):
        self.root = pathlib.Path(root)
        self.tables = tables
        self.files = files_of(self.root) if files is None else files
        self.read = read or (lambda name: (self.root / name).read_text(encoding="utf-8", errors="replace"))
        self.known = set(self.files)
        self.owners = {}
        self.faults = []
        self.used_rules = set()
        self.used_places = set()

    def run(self):
        for name in self.files:
            if SOURCE.match(name):
                self.check_source(name)
        self.check_links()
        self.check_unused()
        self.check_cycles()
        return self.faults

    # --- which rule applies where -------------------------------------------------------------------------------------

    def owner(self, folder):
        """The rule of a folder: the one with the longest path that the folder begins with, and of two with equally long
        paths the one without a *."""
        if folder not in self.owners:
            self.owners[folder] = self.find_owner(folder.split("/"))
        return self.owners[folder]

    def find_owner(self, parts):
        best = None
        for rule in self.tables.folders:
            wanted = rule.path.split("/")
            if len(wanted) > len(parts) or (len(wanted) < len(parts) and not rule.below):
                continue
            if not all(fnmatch.fnmatchcase(part, pattern) for part, pattern in zip(parts, wanted)):
                continue
            weight = (len(wanted), "*" not in rule.path)
            if best is None or weight > best[0]:
                best = (weight, Owner(rule, "/".join(parts[: len(wanted)])))
        return best[1] if best else None

    def allowed(self, source, target):
        return (source.folder == target.folder or target.folder == self.tables.contract
                or target.folder == self.tables.support and source.folder != self.tables.contract
                or target.rule.path in source.rule.may)

    def sentence(self, owner):
        if owner.folder == self.tables.contract:
            return f"{owner.folder} may include itself and the C++ standard library"
        return f"{owner.folder} may include {', '.join(['the contract', *owner.rule.may])} and itself"

    # --- includes -----------------------------------------------------------------------------------------------------

    def check_source(self, name):
        owner = self.owner(folder_of(name))
        if owner is None:
            self.faults.append(f"{name}: no rule for the folder {folder_of(name)}; add one to {RULES_FILE}")
            return
        self.used_rules.add(owner.rule.path)
        text = self.read(name)
        for found in INCLUDE.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            self.check_include(f"{name}:{line}", name, owner, quoted=found[1] == '"', header=found[2])

    def check_include(self, place, name, owner, quoted, header):
        if not quoted and STANDARD.match(header):
            return
        target = self.resolve(name, header)
        if target is not None:
            to = self.owner(folder_of(target))
            if to is not None and not self.allowed(owner, to):
                self.faults.append(f"{place} includes {header} ({to.folder}): {self.sentence(owner)}; {SEE}")
            return
        library = self.library_of(header)
        if library is not None:
            self.check_library(place, name, library, header)
        elif quoted and self.tables.generated.get(header) == folder_of(name):
            return
        elif quoted:
            self.faults.append(f'{place} includes "{header}", which is in no folder of {RULES_FILE} INCLUDE_ROOTS; '
                               'fix the path, or add the folder')
        elif header not in self.tables.system_headers:
            self.faults.append(f"{place} includes <{header}> of a library without a rule; add one to {RULES_FILE}")
        elif owner.folder == self.tables.contract:
            self.faults.append(f"{place} includes <{header}>: {self.sentence(owner)}; {SEE}")

    def resolve(self, name, header):
        for root in [folder_of(name), *self.tables.include_roots]:
            candidate = posixpath.normpath(posixpath.join(root, header))
            if candidate in self.known:
                return candidate
        return None

    def library_of(self, header):
        for library in self.tables.libraries:
            if any(header == wanted or (wanted.endswith("/") and header.startswith(wanted))
                   for wanted in library.headers):
                return library
        return None

    def check_library(self, place, name, library, header):
        for at in library.places:
            if name == at or self.inside(name, at):
                self.used_places.add((library.name, at))
                return
        note = f" ({library.note})" if library.note else ""
        self.faults.append(f"{place} includes {header}: only {', '.join(library.places)} may use {library.name}{note}; "
                           f"{SEE}")

    @staticmethod
    def inside(name, folder):
        return name.startswith(folder + "/")

    # --- CMake --------------------------------------------------------------------------------------------------------

    def check_links(self):
        lists = [name for name in self.files if name.endswith("CMakeLists.txt") or name.endswith(".cmake")]
        project = cmake.read(lists, self.read)
        for link in project.links:
            owner = self.owner(folder_of(link.file))
            if owner is None:
                continue
            place = f"{link.file}:{link.line}"
            libraries = [one for one in self.tables.libraries
                         if any(self.is_target(link.to, target) for target in one.targets)]
            if libraries:
                self.check_linked_library(place, owner, link, libraries)
                continue
            defined = project.folder_of_target(link.to)
            to = self.owner(defined) if defined is not None else None
            if to is not None and not self.allowed(owner, to):
                self.faults.append(f"{place} links {link.target} to {link.to} ({to.folder}): {self.sentence(owner)}; "
                                   f"{SEE}")

    @staticmethod
    def is_target(name, wanted):
        return name.startswith(wanted) if wanted.endswith("::") else name == wanted

    def check_linked_library(self, place, owner, link, libraries):
        """One CMake target may stand for several libraries, like Boost's headers: one of them must be allowed here."""
        places = [at for library in libraries for at in library.places]
        names = " or ".join(library.name for library in libraries)
        near = [at for at in places if at == owner.folder or self.inside(at, owner.folder)
                or self.inside(owner.folder, at)]
        if not near:
            self.faults.append(f"{place} links {link.target} to {link.to}: only {', '.join(places)} may use {names}; "
                               f"{SEE}")
        elif link.visibility == "PUBLIC" and all(SOURCE.match(at) for at in near):
            self.faults.append(f"{place} links {link.target} to {link.to} PUBLIC, but only {', '.join(near)} uses "
                               f"{names}; link it PRIVATE")

    # --- the rules themselves -----------------------------------------------------------------------------------------

    def check_unused(self):
        folders = {folder_of(name) for name in self.files}
        for rule in self.tables.folders:
            # A folder that has only links, like tests/, uses its rule by its CMakeLists.txt.
            if rule.path not in self.used_rules and rule.path not in folders:
                self.faults.append(f"{RULES_FILE}: the rule for {rule.path} matches no source; delete it, or fix its "
                                   "path")
            for may in rule.may:
                if not any(other.path == may for other in self.tables.folders):
                    self.faults.append(f"{RULES_FILE}: {rule.path} may include {may}, which has no rule; write one, or "
                                       "fix the name")
        for library in self.tables.libraries:
            for at in library.places:
                if (library.name, at) not in self.used_places:
                    self.faults.append(f"{RULES_FILE}: {library.name} has the place {at}, but nothing there includes "
                                       "it; delete the place")

    def check_cycles(self):
        may = {rule.path: rule.may for rule in self.tables.folders}
        done, path = set(), []

        def visit(folder):
            if folder in path:
                self.faults.append(f"{RULES_FILE}: the rules form a cycle: "
                                   f"{' -> '.join([*path[path.index(folder):], folder])}")
                return
            if folder in done:
                return
            path.append(folder)
            for other in may.get(folder, []):
                if other != folder:
                    visit(other)
            path.pop()
            done.add(folder)

        for folder in may:
            visit(folder)


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    check = Check(root)
    faults = check.run()
    for fault in faults:
        print(fault)
    sources = sum(1 for name in check.files if SOURCE.match(name))
    print(f"layering: {sources} sources, {len(check.tables.folders)} folder rules, {len(check.tables.libraries)} "
          f"libraries: {'no violation' if not faults else f'{len(faults)} violations'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
