"""The messages of the program, taken from its sources: the literal texts of calls that report something."""

import re

FOLDERS = ("core", "config", "backends", "providers", "plugins")
# Calls whose texts people read: errors, findings, answers, notes, log lines, help.
CALLS = re.compile(r"\b(fail|failure|refuse|refused|invalid|error|warning|warn|info|note|report|fault|good|print|"
                   r"ask|declined|add_option|add_flag|add_subcommand|leaf|service|group|footer|add_fault|lost|Error|"
                   r"Finding|add|misconfigured|unavailable|mismatch|wrong|format|transient|reason|"
                   r"detail|begins|ends)\s*[({]")
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
JOINED = re.compile(r'"\s*\n\s*"')  # adjacent literals are one text
WORDS = re.compile(r"[A-Za-z]{2,}[^A-Za-z]+ ?[A-Za-z]{2,}")
CODE = re.compile(r"^(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA|BEGIN|SET|WITH|FROM|ORDER|WHERE|LISTEN)\b"
                  r"|^#include")
RAW = re.compile(r'R"(\w*)\((.*?)\)\1"', re.S)  # SQL and pages, which are no messages
COMMENT = re.compile(r"^\s*//.*$", re.M)

INTRODUCTION = """# Messages

Every text that the program may show, as it stands in the sources: errors and their hints, log lines, notes, answers and
help. `{}` stands for a value. A text that is put together in several steps stands here in its parts. This page is
written by `docs/generate.py`. It exists to be read from top to bottom: one wording is seen best beside all others.
"""


def argument_list(text, begin):
    """The text up to the bracket that closes the one before `begin`."""
    depth = 1
    for match in re.finditer(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\]|\\.)\'|[(){}]', text[begin:begin + 4000]):
        token = match[0]
        if token in "({":
            depth += 1
        elif token in ")}":
            depth -= 1
            if depth == 0:
                return text[begin:begin + match.start()]
    return text[begin:begin + 4000]


def messages_of(text):
    """The messages of a source, in order, each once."""
    text = JOINED.sub("", RAW.sub('""', COMMENT.sub("", text)))
    found = {}
    for call in CALLS.finditer(text):
        for literal in LITERAL.finditer(argument_list(text, call.end())):
            message = literal[1].replace('\\"', '"').replace("\\n", " ").strip()
            if " " in message and WORDS.search(message) and not CODE.search(message):
                found.setdefault(message, None)
    return list(found)


def page(root):
    text = INTRODUCTION
    for folder in sorted({path.parent for top in FOLDERS for path in (root / top).rglob("*.cpp")} |
                         {path.parent for top in FOLDERS for path in (root / top).rglob("*.h")}):
        if "template" in folder.parts:
            continue
        rows = ""
        for path in sorted([*folder.glob("*.cpp"), *folder.glob("*.h")]):
            for message in messages_of(path.read_text()):
                shown = message.replace("|", "\\|").replace("`", "'").replace("<", "&lt;")
                rows += f"| `{path.name}` | {shown} |\n"
        if rows:
            text += f"\n## {folder.relative_to(root)}\n\n| source | message |\n|---|---|\n{rows}"
    return text
