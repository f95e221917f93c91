#!/usr/bin/env python3
"""Writes Sources/CSwiftletTorch/forward.h: one forwarding function per declaration of swiftlet_torch.h."""
import pathlib
import re

LOADER_ANSWERS = {"swt_problem", "swt_choose_waiting", "swt_thread_slot", "swt_set_thread_slot"}
target = pathlib.Path(__file__).resolve().parent.parent / "Sources/CSwiftletTorch"
header = re.sub(r"//[^\n]*", "", (target / "include/swiftlet_torch.h").read_text())
lines = [
    "// Written by Shim/forward.py from include/swiftlet_torch.h; change that, then run the script.",
    "// clang-format off",
]
for declaration in re.findall(r"^(?!typedef)([\w][^;{}#]*?\bswt_\w+\([^;]*\));", header, re.M):
    result, name, parameters = re.match(r"(.*?)(swt_\w+)\((.*)\)$", " ".join(declaration.split())).groups()
    if name in LOADER_ANSWERS:
        continue
    parts, depth, current = [], 0, ""
    for character in parameters + ",":
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += character
    names = [
        (re.search(r"\(\*[^)]*?(\w+)\)\(", part) or re.search(r"(\w+)$", part)).group(1) for part in parts if part != "void"
    ]
    bare = re.sub(r"_Nonnull|_Nullable", "", result).strip()
    call = f"function({', '.join(names)});"
    lines += [
        f"{result.strip()} {name}({parameters}) {{",
        f"  static _Atomic(void *) cache;",
        f"  {bare} (*function)({parameters}) = symbol(&cache, \"{name}\");",
        f"  {call}" if bare == "void" else f"  return {call}",
        "}",
    ]
(target / "forward.h").write_text("\n".join(lines) + "\n")
