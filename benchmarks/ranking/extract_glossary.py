#!/usr/bin/env python3
"""Extracts names and their descriptions from OpenAPI documents (JSON) as TSV for embedq_derive_vectors.

usage: extract_glossary.py [--sample N/M] [--cap PAIRS_OF_A_PUBLISHER] FOLDER [DOCUMENT_TO_LEAVE_OUT...] > glossary.tsv

Columns: publisher, name, description. Names are those of properties, parameters, schemas and tags that have a
description of three words or more. Equal pairs count once.
"""
import argparse
import json
import os
import random
import re
import sys
import zlib


def flat(text):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>|\]\([^)]*\)", " ", text)).strip()[:400]


def pairs(value, name=""):
    """Every (name, description) at any depth: a description belongs to its object's name, title, or key."""
    if isinstance(value, list):
        for item in value:
            yield from pairs(item)
    elif isinstance(value, dict):
        own = value.get("name") or name
        description = value.get("description")
        if isinstance(own, str) and isinstance(description, str) and "responses" not in value:
            yield own, flat(description)
        for key, item in value.items():
            yield from pairs(item, key if isinstance(item, dict)
                             and not re.fullmatch(r"[0-9Xx]{3}|items|schema|default", key) else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", default="0/1",
                        help="keep documents whose name hashes to N modulo M; '!N/M' keeps the others")
    parser.add_argument("--cap", type=int, default=600)
    parser.add_argument("folder")
    parser.add_argument("without", nargs="*", help="names of documents, or of publishers")
    options = parser.parse_args()
    part, parts = map(int, options.sample.lstrip("!").split("/"))
    for publisher in sorted(os.listdir(options.folder)):
        root = os.path.join(options.folder, publisher)
        found = [os.path.join(f, n) for f, _, names in os.walk(root) for n in names] if os.path.isdir(root) else [root]
        random.seed(publisher)
        names = sorted(name for name in found if name.endswith(".json"))
        found_pairs = set()
        for path in random.sample(names, min(len(names), 40)):
            name = os.path.relpath(path, options.folder)
            if publisher in options.without or name in options.without:
                continue
            if (zlib.crc32(name.encode()) % parts == part) == options.sample.startswith("!"):
                continue
            try:
                with open(path, encoding="utf-8") as file:
                    found_pairs.update(pair for pair in pairs(json.load(file)) if pair[1].count(" ") >= 2)
            except (ValueError, OSError, RecursionError) as error:
                print(f"{path}: {error}", file=sys.stderr)
        for name, description in random.sample(sorted(found_pairs), min(len(found_pairs), options.cap)):
            sys.stdout.write(f"{publisher}\t{flat(name)}\t{description}\n")


main()
