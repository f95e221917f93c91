#!/usr/bin/env python3
"""Writes Sources/CSwiftletKernels/common/normal_table.h: the normal distribution function in pieces, for GELU.

Of 16 pieces, piece i approximates Phi(a) - 1/2 around a = i * STEP by a polynomial of degree 4 in f = a / STEP - i,
|f| <= 1/2 (interpolation at Chebyshev points). Of 32 pieces for results that become 8 bits, each half as wide, it is a
polynomial of degree 2 in a itself. The last piece is the constant 1/2.
"""
import math
import pathlib

STEP, DEGREE, PIECES = 0.36, 4, 16
BYTE_STEP, BYTE_DEGREE, BYTE_PIECES = 0.18, 2, 32


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


def piece(i, step, degree, pieces):
    """Coefficients of f^d."""
    if i == pieces - 1:
        return [0.5] + [0.0] * degree
    points = [0.5 * math.cos(math.pi * (k + 0.5) / (degree + 1)) for k in range(degree + 1)]
    return solve([[f**d for d in range(degree + 1)] + [phi((f + i) * step)] for f in points])


def in_a(i, coefficients, step):
    """The coefficients of a^d for those of f^d, f = a / step - i."""
    return [
        sum(c * math.comb(e, d) * (-i) ** (e - d) for e, c in enumerate(coefficients) if e >= d) / step**d
        for d in range(len(coefficients))
    ]


def table(name, coefficients):
    degrees, pieces = len(coefficients[0]), len(coefficients)
    result = [f"static const float {name}[{degrees}][{pieces}] = {{"]
    for row in zip(*coefficients):
        texts = [f"{c:.9g}" for c in row]
        texts = [(t if "." in t or "e" in t else t + ".0") + "f" for t in texts]
        for at in range(0, pieces, 8):
            result.append("    " + ("{" if at == 0 else " ") + ", ".join(texts[at : at + 8]) + ("}," if at + 8 == pieces else ","))
    return result + ["};"]


lines = [
    "// Written by tools/kernels/normal_table.py: Phi(a) - 1/2 in pieces, see there.",
    "#ifndef SWL_NORMAL_TABLE_H",
    "#define SWL_NORMAL_TABLE_H",
    "",
    f"#define SWL_NORMAL_STEP {STEP}f",
    f"#define SWL_NORMAL_BYTE_STEP {BYTE_STEP}f",
    "",
    "// swl_normal_table[d][i] is the coefficient of f^d in piece i.",
    *table("swl_normal_table", [piece(i, STEP, DEGREE, PIECES) for i in range(PIECES)]),
    "",
    "// swl_normal_byte_table[d][i] is the coefficient of a^d in piece i.",
    *table(
        "swl_normal_byte_table",
        [in_a(i, piece(i, BYTE_STEP, BYTE_DEGREE, BYTE_PIECES), BYTE_STEP) for i in range(BYTE_PIECES)],
    ),
    "",
    "#endif",
    "",
]
target = pathlib.Path(__file__).resolve().parents[2] / "Sources/CSwiftletKernels/common/normal_table.h"
target.write_text("\n".join(lines))
