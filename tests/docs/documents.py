"""What the documentation names, and whether it is there: links, files, commands, make targets, presets, tests, kit
cases, variables of the environment, and names of the code.

Each check yields Findings. A check only judges what is certain by its form: `core/catalog/hash.h` is a path,
`one/two` is not.
"""

import collections
import fnmatch
import pathlib
import re
import subprocess

Finding = collections.namedtuple("Finding", "file line name message")

SKIPPED = {".git", "build", "node_modules", "__pycache__"}
SOURCE = (".h", ".cpp", ".inc", ".in")
NAMED = (".h", ".cpp", ".inc", ".py", ".sh", ".md", ".yaml", ".cmake", ".txt", ".json")


def slug(heading):
    """The anchor that GitHub gives a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


class Tree:
    """The files of the repository, and what is declared in them."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.files = sorted(p for p in self.root.rglob("*")
                            if p.is_file() and not SKIPPED.intersection(p.relative_to(self.root).parts))
        self.paths = {str(p.relative_to(self.root)) for p in self.files}
        self.paths |= {str(parent) for p in list(self.paths) for parent in pathlib.PurePath(p).parents} - {"."}
        self.names = {p.name for p in self.files}
        self.tops = {p.split("/")[0] for p in self.paths if "/" in p}
        # Not this check itself: its allowances name what does not exist.
        code = [p for p in self.files if (p.suffix in SOURCE + (".py", ".cmake") or p.name == "CMakeLists.txt") and
                self.root / "tests" / "docs" not in p.parents]
        self.words = set()
        self.tests = collections.defaultdict(set)  # gtest's and unittest's: suite to tests
        self.cases = collections.defaultdict(set)  # the kit's: group to cases
        self.text = {}
        for path in code:
            text = path.read_text(errors="replace")
            self.text[path] = text
            self.words.update(re.findall(r"[A-Za-z_]\w+", text))
            for suite, name in re.findall(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)", text):
                self.tests[suite].add(name)
            if "/tests/conformance/kit/" in path.as_posix():
                for group, case in re.findall(r'\{"([a-z_0-9]+)",\s*"([a-z_0-9]+)"', text):
                    self.cases[group].add(case)
            if path.suffix == ".py":
                suite = None
                for line in text.splitlines():
                    if found := re.match(r"class (\w+)", line):
                        suite = found[1]
                    elif suite and (found := re.match(r"    def (test\w*)", line)):
                        self.tests[suite].add(found[1])
        makefile = self.root / "Makefile"
        self.targets = set(re.findall(r"^([a-z-]+):", makefile.read_text(), re.M)) if makefile.exists() else set()
        presets = self.root / "CMakePresets.json"
        self.presets = set(re.findall(r'"name":\s*"([\w-]+)"', presets.read_text())) if presets.exists() else set()

    def documents(self):
        """The root's README.md, docs/ and benchmarks/. The READMEs of templates are about projects that do not exist
        yet."""
        folders = (self.root / "docs", self.root / "benchmarks")
        return [p for p in self.files if p.suffix == ".md"
                and (p == self.root / "README.md" or any(f in p.parents for f in folders))]

    def has(self, path, beside=None):
        """Whether there is such a file or folder, below the root, the including folders, or beside the document. `*`
        and `{a,b}` may be in it, and NAME stands for any name."""
        path = re.sub(r"\bNAME\b", "*", path)
        if found := re.search(r"\{([^{}]*)\}", path):
            return all(self.has(path[:found.start()] + each + path[found.end():], beside)
                       for each in found[1].split(","))
        path = path.rstrip("/")
        places = ["", "core/include/", "core/support/include/", "core/", "core/support/", "plugins/", "backends/",
                  "providers/", "tests/conformance/include/"]
        if beside is not None:
            places.append(str(beside.parent.relative_to(self.root)) + "/")
        for place in places:
            wanted = place.removeprefix("./") + path
            if wanted in self.paths or ("*" in wanted and any(fnmatch.fnmatch(each, wanted) for each in self.paths)):
                return True
        return False


class Commands:
    """The program's commands and switches, as its --help lists them."""

    def __init__(self, program):
        self.program = program
        self.known = {}

    def help(self, words):
        if words not in self.known:
            run = subprocess.run([self.program, *words, "--help"], capture_output=True, text=True, timeout=60)
            section = re.search(r"^(?:Subcommands|Commands):\n((?:  .*\n?)+)", run.stdout, re.M)
            names = re.findall(r"^  ([a-z][a-z-]*)\b", section[1], re.M) if section else []
            self.known[words] = (set(names), set(re.findall(r"--[a-z][a-z-]*", run.stdout)))
        return self.known[words]

    def fault(self, line):
        """What is wrong with a command line that begins with `embedq`; None when nothing is."""
        line = re.split(r"\s(?:#|\||&&|>)", line)[0]
        words = line.split()[1:]
        path, switches = (), {"--json"} | self.help(())[1]
        for word in words:
            names, own = self.help(path)
            # `specs list|show` names several
            if names and re.fullmatch(r"[a-z]+(\|[a-z]+)*", word):
                if missing := [each for each in word.split("|") if each not in names]:
                    return "{}: there is no '{}', only {}".format(" ".join(("embedq", *path)), missing[0],
                                                                  ", ".join(sorted(names)))
                path += (word.split("|")[0],)
                switches |= self.help(path)[1]
            elif word.lstrip("[").startswith("--"):
                switch = re.match(r"--[a-z-]*", word.lstrip("["))[0]
                if switch != "--" and switch not in switches:
                    return "{} has no switch {}".format(" ".join(("embedq", *path)), switch)
        return None


class Document:
    """A Markdown file: its lines outside fences, its fenced lines, its code spans."""

    def __init__(self, path):
        self.path = path
        self.prose, self.fenced = [], []
        self.written = set()  # files that the page tells its reader to write: ```cpp NAME
        fence = None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if found := re.match(r"\s*(```|~~~)", line):
                fence = None if fence else found[1]
                if fence and (file := re.match(r"\s*(?:```|~~~)\w+ (\S+)$", line)):
                    self.written.add(file[1])
            else:
                (self.fenced if fence else self.prose).append((number, line))
        # A code span may run over the end of a line.
        text = "\n".join(line for _, line in self.prose)
        starts, at = [], 0
        for number, line in self.prose:
            starts.append((at, number))
            at += len(line) + 1
        self.spans = []
        for found in re.finditer(r"(?<!`)`([^`]+)`(?!`)", text):
            number = [n for start, n in starts if start <= found.start()][-1]
            self.spans.append((number, " ".join(found[1].replace("\\|", "|").split())))
        self.anchors = {slug(line.lstrip("#")) for _, line in self.prose if re.match(r"#{1,6} ", line)}


def check_links(tree, document):
    for number, line in document.prose:
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (document.path.parent / path).resolve() if path else document.path
            if not file.exists():
                yield Finding(document.path, number, named(tree, document, path),
                              f"the link to '{target}' leads nowhere")
            elif anchor and file.suffix == ".md" and anchor not in Document(file).anchors:
                yield Finding(document.path, number, target,
                              f"'{path or document.path.name}' has no heading for '#{anchor}'")


def named(tree, document, path):
    """A link's target as a path below the root, which is how the allowances name it."""
    file = (document.path.parent / path).resolve()
    return str(file.relative_to(tree.root)) if tree.root in file.parents else path


def check_paths(tree, document):
    for number, span in document.spans:
        if re.search(r"[\s$<>:()='\"…]", span) or span.startswith(("-", "/", "~", "*", "build/")):
            continue
        if span in document.written:
            continue
        is_path = "/" in span and (span.split("/")[0] in tree.tops or span.endswith(NAMED))
        is_file = "/" not in span and span.endswith(NAMED) and re.fullmatch(r"[\w.-]+", span)
        if (is_path and not tree.has(span, document.path)) or (is_file and span not in tree.names):
            yield Finding(document.path, number, span.rstrip("/"), f"there is no file or folder '{span}'")


def command_lines(document):
    for number, line in document.fenced:
        if found := re.match(r"\s*(?:\$ )?(embedq(?: [a-z-].*)?)$", line):
            # A drawing may begin with the program's name, too.
            if "·" not in line and " / " not in line:
                yield number, found[1]
    for number, span in document.spans:
        if re.match(r"embedq [a-z-]", span):
            yield number, span


def check_commands(commands, document):
    for number, line in command_lines(document):
        if fault := commands.fault(line):
            words = [word for word in line.split() if re.fullmatch(r"[a-z]+", word)]
            yield Finding(document.path, number, " ".join(words[:3]), f"{fault} (in '{line}')")


def check_make(tree, document):
    lines = document.spans + [(number, line) for number, line in document.fenced if re.match(r"\s*(\$ )?make\b", line)]
    for number, line in lines:
        for target in re.findall(r"(?:^|&& )\s*(?:\$ )?make ([a-z-]+)", line):
            if target not in tree.targets:
                yield Finding(document.path, number, f"make {target}", f"the Makefile has no target '{target}'")
    for number, line in document.spans + document.fenced:
        for preset in re.findall(r"--preset[= ]([\w-]+)", line):
            if preset not in tree.presets:
                yield Finding(document.path, number, preset, f"CMakePresets.json has no preset '{preset}'")


def check_tests(tree, document):
    for number, span in document.spans:
        if not (found := re.fullmatch(r"(\w+)\.(\w+)", span)) or span.endswith(NAMED):
            continue
        group, name = found.groups()
        if group in tree.cases and name not in tree.cases[group]:
            yield Finding(document.path, number, span, f"the kit's group '{group}' has no case '{name}'")
        elif group not in tree.cases and group in tree.tests and name not in tree.tests[group]:
            yield Finding(document.path, number, span, f"the tests '{group}' have no '{name}'")
        elif group not in tree.cases and group not in tree.tests and re.match(r"[A-Z]\w*[a-z]",
                                                                              group) and name not in tree.words:
            yield Finding(document.path, number, span, f"there are no tests '{group}'")
    for number, line in document.prose:
        for group in re.findall(r"\bgroups? `(\w+)`", line):
            if group not in tree.cases:
                yield Finding(document.path, number, group, f"the kit has no group '{group}'")


def regressions(text):
    """The rows of docs/regressions.md: item and last cell."""
    return re.findall(r"^\| (\w+) \| .* \| ([^|]*) \|$", text, re.M)


def regression_faults(tree, cell):
    names = re.findall(r"`(\w+)\.(\w+)`", cell)
    if not names and not cell.startswith("none: "):
        return ["no test, and no reason why there is none"]
    return [f"there is no test '{group}.{name}'" for group, name in names
            if name not in tree.cases.get(group, ()) and name not in tree.tests.get(group, ())]


def check_names(tree, document):
    for number, span in document.spans:
        if span.startswith("std::"):
            continue
        names = re.findall(r"\w+", span) if re.fullmatch(r"(\w+::)+\w+(\(\))?", span) else re.findall(r"^(\w+)\(\)$",
                                                                                                      span)
        for name in names:
            if name not in tree.words and name:
                yield Finding(document.path, number, span, f"no source has the name '{name}'")
        for name in re.findall(r"\b(EMBEDQ_\w+)\b", span):
            if name not in tree.words:
                yield Finding(document.path, number, name, f"nothing reads '{name}'")


def check_reachable(tree):
    """Every page of docs/ is linked from another page, else nobody finds it."""
    linked = set()
    for path in tree.documents():
        for _, line in Document(path).prose:
            for target in re.findall(r"\]\(([^)#\s]+)", line):
                linked.add((path.parent / target).resolve())
    for path in tree.documents():
        if tree.root / "docs" in path.parents and path not in linked and path != tree.root / "docs" / "README.md":
            yield Finding(path, 1, str(path.relative_to(tree.root)),
                          "no other page links to this one; name it in docs/README.md")


def is_record(tree, path):
    """A decision record is not edited, so it names what was there when it was written."""
    return path.parent == tree.root / "docs" / "adr" and path.name[0].isdigit()


def all_findings(tree, commands):
    yield from check_reachable(tree)
    for path in tree.documents():
        document = Document(path)
        yield from check_links(tree, document)
        if is_record(tree, path):
            continue
        for check in (check_paths, check_make, check_tests, check_names):
            yield from check(tree, document)
        yield from check_commands(commands, document)
