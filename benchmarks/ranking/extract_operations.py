#!/usr/bin/env python3
"""Extracts operations from OpenAPI documents (JSON) as TSV for embedq_derive_idf, as its table was made.

usage: extract_operations.py [--sample N/M] FILE_OR_FOLDER... > operations.tsv

Columns: document, operation id, method, path, summary, tags (comma separated), text, an empty one. The text has the
same parts as embedq's (summary, description, words of path and id, tags and method) in a simpler form. Measurements use
embedq's parser (embedq_dump_operations).
"""
import argparse
import json
import os
import re
import sys
import zlib

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
BOUND = 6000


def flat(text):
    return re.sub(r"\s+", " ", text).strip() if isinstance(text, str) else ""


def files(roots):
    for root in roots:
        if os.path.isfile(root):
            yield root, os.path.basename(root)
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                if name.endswith(".json"):
                    path = os.path.join(folder, name)
                    yield path, os.path.relpath(path, root)


def words(text):
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return " ".join(re.findall(r"[A-Za-z0-9\u0080-\uffff]+", text)).lower()


def operations(document):
    seen = set()
    for path, item in (document.get("paths") or {}).items():
        if not isinstance(item, dict):
            continue
        for method in METHODS:
            operation = item.get(method)
            if not isinstance(operation, dict):
                continue
            identifier = operation.get("operationId") or f"{method.upper()} {path}"
            while identifier in seen:
                identifier += "_2"
            seen.add(identifier)
            summary = flat(operation.get("summary"))
            description = flat(operation.get("description"))
            if not summary:
                summary = description.split(". ")[0]
            tags = [flat(tag) for tag in operation.get("tags") or [] if isinstance(tag, str)]
            parts = [summary, description, method + " " + words(path), words(identifier), ", ".join(tags)]
            text = " ".join(part for part in parts if part)[:BOUND]
            yield flat(identifier), method.upper(), flat(path), summary, ",".join(tags), text, ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", default="0/1",
                        help="keep documents whose name hashes to N modulo M; '!N/M' keeps the others")
    parser.add_argument("roots", nargs="+")
    options = parser.parse_args()
    inverse = options.sample.startswith("!")
    part, parts = map(int, options.sample.lstrip("!").split("/"))
    for path, name in files(options.roots):
        if (zlib.crc32(name.encode()) % parts == part) == inverse:
            continue
        try:
            with open(path, encoding="utf-8") as file:
                document = json.load(file)
            if not isinstance(document, dict) or not ("openapi" in document or "swagger" in document):
                continue
            for row in operations(document):
                sys.stdout.write("\t".join((name,) + row) + "\n")
        except (ValueError, OSError, RecursionError, AttributeError) as error:
            print(f"{path}: {error}", file=sys.stderr)


main()
