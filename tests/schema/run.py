#!/usr/bin/env python3
"""Tests the JSON Schema of the configuration with a public validator and the language server of editors: run.py PROGRAM

The packages of package.json are fetched by `npm ci` from the registry that the user's npm is configured for, once: they
stay in build/npm until package-lock.json changes.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXAMPLES = ROOT / "config" / "examples"
DEADLINE = 240  # seconds for one step; only a hang reaches it


def packages():
    """The folder with node_modules; it is created completely or not at all."""
    lock = (HERE / "package-lock.json").read_bytes() + (HERE / "package.json").read_bytes()
    folder = ROOT / "build" / "npm" / hashlib.sha256(lock).hexdigest()[:16]
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = pathlib.Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, made)
        # No script of a package runs.
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=made,
                              capture_output=True, text=True,
                              timeout=DEADLINE)
        if done.returncode != 0:
            sys.exit(f"schema: npm ci of tests/schema failed; it needs the registry that npm is configured for:\n"
                     f"{done.stderr}")
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():  # otherwise another run was first
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def run(program, world):
    environment = {**os.environ, "HOME": str(world), "XDG_DATA_HOME": str(world),
                   "EMBEDQ_DATABASE_URL": "postgresql://embedq@localhost/embedq",
                   "OPENAI_API_KEY": "sk-example"}
    environment.pop("EMBEDQ_CONFIG", None)

    def embedq(*words):
        done = subprocess.run([program, *map(str, words)], env=environment, capture_output=True, text=True,
                              timeout=DEADLINE)
        if done.returncode != 0:
            sys.exit(f"schema: {' '.join(map(str, words))} ended with status {done.returncode}: {done.stderr}")
        return done.stdout

    schema = world / "embedq.schema.json"
    schema.write_text(embedq("config", "schema"))
    # What the program shows for an example is also a configuration.
    shown = world / "shown"
    shown.mkdir()
    for example in EXAMPLES.glob("*.yaml"):
        (shown / example.name).write_text(embedq("--config", example, "config", "show"))

    # A module finds its packages by its own folder.
    modules = packages()
    scripts = pathlib.Path(tempfile.mkdtemp(dir=modules))
    try:
        for script in HERE.glob("*.mjs"):
            shutil.copy(script, scripts)
        for words in (["validate.mjs", schema, EXAMPLES, shown, "--", ROOT / "tests" / "broken"],
                      ["complete.mjs", world]):
            done = subprocess.run(["node", *map(str, words)], cwd=scripts, timeout=DEADLINE, check=False)
            if done.returncode != 0:
                sys.exit(f"schema: {words[0]} failed")
    finally:
        shutil.rmtree(scripts)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} PROGRAM: '{' '.join(sys.argv[1:2])}' is not a program; build it first")
    with tempfile.TemporaryDirectory(prefix="embedq-schema-") as folder:
        run(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(folder))
