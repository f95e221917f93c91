"""Plans with the published statistics of ELSA's searched networks.

    python tools/plans/elsa.py

writes plans/elsa-*.json. Of each published network (Huang et al., "ELSA", 2024, released configurations) these figures are
known: how many layers keep 1, 2 and 4 of every 4 weights, the mean density of each kind of layer, and that of the early,
middle and late third of the layers. Which layer has which level is not. Each plan here is one of many that have all of these
figures; since a layer's multiply-adds depend on its kind alone, its total is the published one, and for DeiT, whose blocks
are equal, so are its bytes.
"""

import json
import pathlib

FOLDER = pathlib.Path(__file__).parents[2] / "plans"
KINDS = ["attn.proj", "attn.qkv", "mlp.fc1", "mlp.fc2"]

# name: depths of the stages, layers that keep 1 / 2 / 4, mean density of each kind, mean density of each third.
PUBLISHED = {
    "deit-base-6.005g": (None, (36, 11, 1), (.396, .271, .312, .312), (.297, .312, .359)),
    "deit-base-6.877g": (None, (28, 18, 2), (.438, .354, .375, .333), (.312, .359, .453)),
    "deit-small-1.964g": (None, (24, 23, 1), (.458, .354, .417, .312), (.344, .453, .359)),
    "swin-base-5.329g": ([2, 2, 18, 2], (74, 21, 1), (.292, .323, .312, .323), (.312, .312, .312)),
    "swin-base-5.920g": ([2, 2, 18, 2], (56, 39, 1), (.365, .375, .396, .302), (.312, .398, .367)),
    "swin-small-3.501g": ([2, 2, 18, 2], (49, 46, 1), (.417, .354, .365, .375), (.367, .367, .398)),
    "swin-small-3.985g": ([2, 2, 18, 2], (32, 62, 2), (.427, .417, .458, .406), (.383, .453, .445)),
}


def levels(blocks, counts, kinds, thirds):
    """The kept weights of every 4, by block and kind."""
    size = blocks // 3
    # What is kept beyond 1 of 4, by kind and by third: the densities are exact once rounded to whole layers.
    by_kind = [round(density * 4 * blocks) - blocks for density in kinds]
    by_third = [round(density * 16 * size) - 4 * size for density in thirds]
    assert sum(by_kind) == sum(by_third) == counts[1] + 3 * counts[2]
    kept = [[1] * 4 for _ in range(blocks)]

    def give(amount):
        """Raises a layer of the kind and the third that lack most."""
        third = max(range(3), key=lambda t: by_third[t])
        for kind in sorted(range(4), key=lambda k: -by_kind[k]):
            free = [b for b in range(third * size, (third + 1) * size) if kept[b][kind] == 1]
            if by_kind[kind] >= amount and free:
                kept[free[len(free) // 2]][kind] += amount
                by_kind[kind] -= amount
                by_third[third] -= amount
                return
        raise ValueError("no layer is left to raise")

    for _ in range(counts[2]):
        give(3)
    for _ in range(counts[1]):
        give(1)
    assert not any(by_kind) and not any(by_third)
    assert [sum(row.count(n) for row in kept) for n in (1, 2, 4)] == list(counts)
    return kept


def main():
    FOLDER.mkdir(exist_ok=True)
    for name, (depths, counts, kinds, thirds) in PUBLISHED.items():
        if depths:
            paths = [f"layers.{stage}.blocks.{block}" for stage, depth in enumerate(depths) for block in range(depth)]
        else:
            paths = [f"blocks.{block}" for block in range(12)]
        kept = levels(len(paths), counts, kinds, thirds)
        lines = [
            "    " + json.dumps({"layer": f"{path}.{kind}", "pattern": f"{kept[b][k]}:4", "precision": "bf16"})
            for b, path in enumerate(paths) for k, kind in enumerate(KINDS)
        ]
        text = '{\n  "format": "swiftlet.plan",\n  "version": 1,\n  "layers": [\n' + ",\n".join(lines) + "\n  ]\n}\n"
        (FOLDER / f"elsa-{name}.json").write_text(text.replace('{"layer"', '{ "layer"').replace('"}', '" }'))


if __name__ == "__main__":
    main()
