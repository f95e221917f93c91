#!/usr/bin/env python3
"""Writes Sources/CSwiftletKernels/common/normal_table.h: the normal distribution function in 16 pieces, for GELU.

Piece i approximates Phi(a) - 1/2 around a = i * STEP by a polynomial of degree 4 in f = a / STEP - i, |f| <= 1/2
(interpolation at Chebyshev points). The last piece is the constant 1/2.
"""
import math
import pathlib

STEP, DEGREE, PIECES = 0.36, 4, 16


def phi(a):
    return 0.5 * math.erf(a / math.sqrt(2))


def solve(rows):
    n = len(rows)
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(n):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i])]
    return [row[n] / row[i] for i, row in enumerate(rows)]


def piece(i):
    if i == PIECES - 1:
        return [0.5] + [0.0] * DEGREE
    points = [0.5 * math.cos(math.pi * (k + 0.5) / (DEGREE + 1)) for k in range(DEGREE + 1)]
    return solve([[f**d for d in range(DEGREE + 1)] + [phi((f + i) * STEP)] for f in points])


coefficients = list(zip(*(piece(i) for i in range(PIECES))))
lines = [
    "// Written by tools/kernels/normal_table.py: Phi(a) - 1/2 in 16 pieces, see there.",
    "#ifndef SWL_NORMAL_TABLE_H",
    "#define SWL_NORMAL_TABLE_H",
    "",
    f"#define SWL_NORMAL_STEP {STEP}f",
    "",
    "// swl_normal_table[d][i] is the coefficient of f^d in piece i.",
    f"static const float swl_normal_table[{DEGREE + 1}][{PIECES}] = {{",
]
for row in coefficients:
    texts = [f"{c:.9g}" for c in row]
    texts = [t if "." in t or "e" in t else t + ".0" for t in texts]
    lines += ["    {" + ", ".join(t + "f" for t in texts[:8]) + ","]
    lines += ["     " + ", ".join(t + "f" for t in texts[8:]) + "},"]
lines += ["};", "", "#endif", ""]
target = pathlib.Path(__file__).resolve().parents[2] / "Sources/CSwiftletKernels/common/normal_table.h"
target.write_text("\n".join(lines))
