"""Follows a page of documentation: writes its files, runs its commands as they are, and compares their output with what
the page shows.

    ```sh              commands, run in one shell, one block after another
    ```text            output of the block of commands before it: these lines in this order, … matches anything
    ```cpp NAME        a file of that name, in the shell's working folder at that point; whatever the language
"""

import os
import pathlib
import re
import signal
import subprocess

MARK = "--- walked: "


class Block:
    def __init__(self, page, line, language, file):
        self.where = f"{page.name}:{line}"
        self.language, self.file, self.lines = language, file, []

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)


def blocks(page):
    found = []
    block = None
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.startswith("```") and block is None:
            language, _, file = line.removeprefix("```").partition(" ")
            block = Block(page, number, language, file.strip())
        elif line.startswith("```"):
            if block.file or block.language in ("sh", "text"):
                found.append(block)
            block = None
        elif block is not None:
            block.lines.append(line)
    if block is not None:
        raise AssertionError(f"{block.where}: the block is not closed")
    return found


def pattern(line):
    return re.compile(r"\s+".join(".*".join(map(re.escape, word.split("…"))) for word in line.split()))


def difference(expected, printed):
    """The first line of a text block that was not printed after those before it, or nothing."""
    lines = iter(" ".join(line.split()) for line in printed.splitlines())
    for wanted in expected:
        if wanted.strip(" …") and not any(pattern(wanted).fullmatch(line) for line in lines):
            return wanted
    return None


def run(command, folder, environment, deadline):
    """Status and output of a command. One that does not end is killed with its children; the output says that."""
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=deadline)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return "none", f"{output}\n(no end after {deadline} s)"
    except BaseException:  # the test is interrupted
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise


def walk(page, folder, environment, deadline):
    """Follows the page in the folder. Raises AssertionError if a command fails or its output differs from the page."""
    script, steps = ["set -eu"], []
    for block in blocks(page):
        if block.file:
            stored = pathlib.Path(folder, f".walked-{len(script)}")
            stored.write_text(block.text)
            script.append(f"cp '{stored}' '{block.file}'")
        elif block.language == "sh":
            script += [f"echo '{MARK}{block.where}'", block.text]
            steps.append((block, None))
        elif steps:
            steps[-1] = (steps[-1][0], block)
        else:
            raise AssertionError(f"{block.where}: output, but no command stands before it")
    if not steps:
        raise AssertionError(f"{page} has no command to walk")
    status, output = run(["bash", "-c", "\n".join(script)], folder, environment, deadline)
    printed = dict(part.partition("\n")[::2] for part in ("\n" + output).split("\n" + MARK)[1:])
    last = list(printed)[-1] if printed else page.name
    if status != 0:
        raise AssertionError(f"{last}: these commands end with status {status}:\n{printed.get(last, output)}")
    for commands, output in steps:
        wrong = output and difference(output.lines, printed[commands.where])
        if wrong:
            raise AssertionError(f"{output.where}: '{wrong}' is not what {commands.where} "
                                 f"prints:\n{printed[commands.where]}")
    return printed
