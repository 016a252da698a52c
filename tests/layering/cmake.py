"""Reads targets and links from CMakeLists.txt files.

Names that contain variables are ignored.
"""

import pathlib
import re
from typing import NamedTuple

COMMAND = re.compile(r"^[ \t]*([A-Za-z_]\w*)[ \t]*\(([^()]*)\)", re.MULTILINE)
VISIBILITY = {"PUBLIC", "PRIVATE", "INTERFACE"}
OBJECTS = re.compile(r"\$<TARGET_OBJECTS:([^>]+)>")


class Link(NamedTuple):
    file: str
    line: int
    target: str
    to: str
    visibility: str


class Project(NamedTuple):
    folders: dict  # target -> folder of its CMakeLists.txt
    aliases: dict
    links: list

    def folder_of_target(self, name):
        return self.folders.get(self.aliases.get(name, name))


def words(arguments):
    return [word.strip('"') for word in re.findall(r'"[^"]*"|[^\s]+', arguments)]


def without_comments(text):
    """The text with comments blanked, so that positions do not change."""
    return re.sub(r"#[^\n]*", lambda found: " " * len(found[0]), text)


def read(names, read_text):
    project = Project({}, {}, [])
    for name in names:
        text = without_comments(read_text(name))
        for found in COMMAND.finditer(text):
            line = text.count("\n", 0, found.start(1)) + 1
            note_command(project, name, line, found[1].lower(), words(found[2]))
    return project


def note_command(project, file, line, command, arguments):
    if not arguments:
        return
    folder = str(pathlib.PurePosixPath(file).parent)

    def links(target, libraries, visibility="PRIVATE"):
        for word in libraries:
            if word in VISIBILITY:
                visibility = word
            elif "${STEMMER_LIBRARY}" in word:
                project.links.append(Link(file, line, target, "stemmer", visibility))
            elif "$" not in word:
                project.links.append(Link(file, line, target, word, visibility))

    if command in ("add_library", "add_executable"):
        if len(arguments) > 2 and arguments[1] == "ALIAS":
            project.aliases[arguments[0]] = arguments[2]
            return
        project.folders[arguments[0]] = folder
        links(arguments[0], OBJECTS.findall(" ".join(arguments)))
    elif command == "embedq_add_plugin" and len(arguments) > 1:
        target = f"embedq_{arguments[0]}_{arguments[1]}"
        project.folders[target] = folder
        links(target, OBJECTS.findall(" ".join(arguments)))
    elif command == "target_link_libraries":
        links(arguments[0], arguments[1:])
    elif command in ("embedq_add_test", "embedq_add_bench"):
        project.folders[arguments[0]] = folder
        if command == "embedq_add_bench":
            links(arguments[0], arguments[1:])
        elif "LIBS" in arguments:
            links(arguments[0], arguments[arguments.index("LIBS") + 1:])
