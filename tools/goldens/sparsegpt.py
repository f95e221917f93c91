"""Golden files of SparseGPT, from its definition: exact inverses of the columns that are left, no Cholesky, no blocks.

    pip install numpy
    python tools/goldens/sparsegpt.py

writes Tests/SwiftletCompressionTests/Goldens/sparsegpt.json. Made with numpy 2.4.
"""

import json
import pathlib

import numpy as np

FILE = pathlib.Path(__file__).parents[2] / "Tests/SwiftletCompressionTests/Goldens/sparsegpt.json"


def prune(weight, inputs, kept, group, damping):
    """Frantar and Alistarh (2023), equations 2 to 4: one column after the other, each removal made up for by those right of it."""
    w = weight.copy()
    h = inputs.T @ inputs
    h += damping * np.mean(np.diag(h)) * np.eye(len(h))
    inverses = [np.linalg.inv(h[i:, i:]) for i in range(len(h))]
    removed = np.zeros(w.shape, dtype=bool)
    for i in range(w.shape[1]):
        if i % group == 0:
            costs = np.stack([w[:, j] ** 2 / inverses[j][0, 0] for j in range(i, i + group)], axis=1)
            order = np.argsort(-costs, axis=1, kind="stable")
            for row in range(w.shape[0]):
                removed[row, i + order[row, kept:]] = True
        for row in np.flatnonzero(removed[:, i]):
            w[row, i:] -= w[row, i] / inverses[i][0, 0] * inverses[i][0]
            w[row, i] = 0
    return w


def main():
    cases = []
    for seed, (outputs, width, rows, kept, group, damping) in enumerate([
        (5, 16, 40, 2, 4, 0.01), (4, 24, 100, 1, 4, 0.01), (3, 15, 30, 2, 5, 0.1), (6, 16, 7, 3, 8, 0.05),
    ]):
        random = np.random.default_rng(seed)
        # float32 values, so that both sides start from the same numbers; correlated inputs of different size.
        mix = random.normal(size=(width, width)) * random.uniform(0.2, 2, size=width)
        inputs = (random.normal(size=(rows, width)) @ mix).astype(np.float32)
        weight = random.normal(size=(outputs, width)).astype(np.float32)
        pruned = prune(weight.astype(np.float64), inputs.astype(np.float64), kept, group, damping)
        cases.append({
            "kept": kept, "group": group, "damping": damping, "shape": [outputs, width], "rows": rows,
            "weight": weight.ravel().tolist(), "inputs": inputs.ravel().tolist(), "pruned": pruned.ravel().tolist(),
        })
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(cases) + "\n")


main()
