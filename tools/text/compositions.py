"""Writes Sources/SwiftletText/CanonicalComposition+Tables.swift from Python's own Unicode data.

    python tools/text/compositions.py

`tokenizers` normalises by an older version of Unicode; compositions have been added since for a few new scripts alone.
"""

import pathlib
import unicodedata

FILE = pathlib.Path(__file__).parents[2] / "Sources/SwiftletText/CanonicalComposition+Tables.swift"


def table(name, comment, rows):
    words = [f"0x{word:X}" for row in rows for word in row]
    lines, line = [], "   "
    for word in words:
        if len(line) + len(word) + 2 > 120:
            lines.append(line)
            line = "   "
        line += f" {word},"
    lines.append(line)
    return f"  /// {comment}\n  static let {name}: [UInt32] = [\n" + "\n".join(lines) + "\n  ]\n"


pairs, single, apart = [], [], []
for code in range(0x110000):
    decomposition = unicodedata.decomposition(chr(code))
    if not decomposition or decomposition.startswith("<"):
        continue
    parts = [int(part, 16) for part in decomposition.split()]
    if len(parts) == 1:
        single.append((code, *parts))
    elif unicodedata.normalize("NFC", chr(code)) == chr(code):
        pairs.append((code, *parts))
    else:
        apart.append((code, *parts))

FILE.write_text(
    f"// Written by tools/text/compositions.py from Unicode {unicodedata.unidata_version}; change that instead.\n"
    + "// swift-format-ignore-file: one number a line would be 6,000 lines.\n\n"
    + "extension CanonicalComposition {\n"
    + table("pairs", "A character and the two that it is composed of.", pairs)
    + "\n"
    + table("excluded", "A character and the two that it falls into, which do not become it again.", apart)
    + "\n"
    + table("singles", "A character and the one that it is written as.", single)
    + "}\n"
)
print(len(pairs), len(apart), len(single))
