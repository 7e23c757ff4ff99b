#!/usr/bin/env python3
"""Checks the house: reads `swift package dump-package` from standard input, the floors from Package.swift, and the
imports from the sources. Every import of one of our targets must be declared, no arrow may point to a higher floor,
and nothing that mwproxy is made of may import Foundation or Dispatch."""

import json
import pathlib
import re
import sys

IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)"
)
FORBIDDEN = {"Foundation", "FoundationEssentials", "Dispatch", "_Concurrency"}


def floors(manifest):
    """The floor of each target: the number of the comment that it stands under."""
    found, floor = {}, None
    for line in manifest.splitlines():
        if match := re.match(r"\s*// Floor (\d+):", line):
            floor = int(match[1])
        elif re.match(r"\s*//", line):
            continue
        # A name stands alone on its line, or follows `room(` or `name:`.
        for match in re.finditer(r'(?:^\s*|room\(\s*|name:\s*)"(\w+)"', line):
            if floor is not None:
                found.setdefault(match[1], floor)
    return found


def main():
    package = json.load(sys.stdin)
    root = pathlib.Path(__file__).resolve().parent.parent
    floor_of = floors((root / "Package.swift").read_text())
    declared, paths, kinds = {}, {}, {}
    for target in package["targets"]:
        name, kinds[target["name"]] = target["name"], target["type"]
        declared[name] = {
            (item.get("byName") or item.get("target") or item.get("product"))[0] for item in target["dependencies"]
        }
        paths[name] = root / (target.get("path") or f"{'Tests' if target['type'] == 'test' else 'Sources'}/{name}")
    problems = []

    imports = {}
    for name, path in paths.items():
        for source in sorted(path.rglob("*.swift")):
            for number, line in enumerate(source.read_text().splitlines(), 1):
                if match := IMPORT.match(line):
                    imports.setdefault(name, []).append((match[1], f"{source.relative_to(root)}:{number}"))

    products = {"SystemPackage", "DequeModule", "OrderedCollections", "Collections", "ArgumentParser"}
    for name, found in imports.items():
        for module, place in found:
            if module in paths.keys() | products and module not in declared[name]:
                problems.append(f"{place}: '{name}' imports '{module}', which Package.swift does not list for it")
    for name, modules in declared.items():
        if kinds[name] == "test" or name in ("TestSupport", "Bench"):
            continue
        if name not in floor_of:
            problems.append(f"Package.swift: target '{name}' stands under no '// Floor N:' comment")
            continue
        for module in sorted(modules & paths.keys()):
            if floor_of.get(module, 99) > floor_of[name]:
                problems.append(
                    f"Package.swift: '{name}' (floor {floor_of[name]}) points up to '{module}' (floor {floor_of.get(module)})"
                )

    reached, waiting = set(), ["mwproxy"]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in declared:
            reached.add(name)
            waiting += declared[name]
    for name in sorted(reached):
        for module, place in imports.get(name, []):
            if module in FORBIDDEN:
                problems.append(f"{place}: '{module}' must not be in mwproxy, which '{name}' is a part of")

    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        rooms = sum(1 for name in paths if name in floor_of)
        print(f"layers: {rooms} rooms, {sum(map(len, imports.values()))} imports, no arrow points up")
    return 1 if problems else 0


sys.exit(main())
