"""Golden file of Wanda: which weights of a small vision transformer stay, by dense and by masked activations.

    pip install numpy safetensors
    python tools/goldens/wanda.py

writes Tests/SwiftletCompressionTests/Goldens/wanda.safetensors: weights under timm's names, `golden.images`, and for each
layer `dense.<path>` and `masked.<path>`, 1 where a weight stays. The forward pass is written out in float64. `masked` goes
block by block as the published code does: the norms of a block's four inputs come from the block while it is dense, behind
blocks that are masked. Made with numpy 2.4 and seed 3.
"""

import json
import math
import pathlib

import numpy as np
from safetensors.numpy import save_file

FILE = pathlib.Path(__file__).parents[2] / "Tests/SwiftletCompressionTests/Goldens/wanda.safetensors"
CONFIGURATION = dict(imageSize=8, patchSize=4, channels=3, width=16, depth=3, heads=2, mlpRatio=2.0, classes=5)
KEPT, GROUP = 2, 4
LAYERS = ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"]


def weights(numbers):
    width, hidden = CONFIGURATION["width"], int(CONFIGURATION["width"] * CONFIGURATION["mlpRatio"])
    shapes = {"cls_token": (1, 1, width), "pos_embed": (1, 5, width), "patch_embed.proj.weight": (width, 3, 4, 4),
              "patch_embed.proj.bias": (width,)}
    for block in range(CONFIGURATION["depth"]):
        for name, (outputs, inputs) in zip(
                LAYERS, [(3 * width, width), (width, width), (hidden, width), (width, hidden)]):
            shapes[f"blocks.{block}.{name}.weight"] = (outputs, inputs)
            shapes[f"blocks.{block}.{name}.bias"] = (outputs,)
        for norm in ["norm1", "norm2"]:
            shapes[f"blocks.{block}.{norm}.weight"] = shapes[f"blocks.{block}.{norm}.bias"] = (width,)
    shapes["norm.weight"] = shapes["norm.bias"] = (width,)
    shapes["head.weight"], shapes["head.bias"] = (CONFIGURATION["classes"], width), (CONFIGURATION["classes"],)
    return {name: (("norm" in name and name.endswith("weight")) + 0.5 * numbers.standard_normal(shape)).astype(np.float32)
            for name, shape in shapes.items()}


def norm(x, state, name):
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + 1e-6)
    return scaled * state[f"{name}.weight"] + state[f"{name}.bias"]


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / np.sqrt(2)))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def embed(images, state):
    batch, grid, patch = len(images), 2, CONFIGURATION["patchSize"]
    pieces = images.reshape(batch, 3, grid, patch, grid, patch).transpose(0, 2, 4, 1, 3, 5).reshape(batch, 4, -1)
    x = pieces @ state["patch_embed.proj.weight"].reshape(CONFIGURATION["width"], -1).T + state["patch_embed.proj.bias"]
    return np.concatenate([np.repeat(state["cls_token"], batch, 0), x], 1) + state["pos_embed"]


def block(x, state, name, norms):
    """One block; the inputs' norms of its layers are put into `norms`."""
    def linear(x, layer):
        norms[f"{name}.{layer}"] = np.sqrt((x ** 2).sum((0, 1)))
        return x @ state[f"{name}.{layer}.weight"].T + state[f"{name}.{layer}.bias"]

    batch, tokens, width = x.shape
    heads = CONFIGURATION["heads"]
    q, k, v = linear(norm(x, state, f"{name}.norm1"), "attn.qkv").reshape(
        batch, tokens, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)
    mixed = softmax(q @ k.transpose(0, 1, 3, 2) / np.sqrt(width // heads)) @ v
    x = x + linear(mixed.transpose(0, 2, 1, 3).reshape(batch, tokens, width), "attn.proj")
    return x + linear(gelu(linear(norm(x, state, f"{name}.norm2"), "mlp.fc1")), "mlp.fc2")


def mask(weight, norms):
    groups = (np.abs(weight) * norms).reshape(-1, GROUP)
    order = np.sort(groups, 1)
    gap = (order[:, GROUP - KEPT] - order[:, GROUP - KEPT - 1]) / order[:, GROUP - KEPT]
    assert gap.min() > 1e-4, "a choice is too close for float32: take another seed"
    return (groups >= order[:, [GROUP - KEPT]]).astype(np.uint8).reshape(weight.shape)


def main():
    numbers = np.random.default_rng(3)
    stored = weights(numbers)
    images = numbers.standard_normal((12, 3, 8, 8)).astype(np.float32)
    tensors = stored | {"golden.images": images}

    for kind in ["dense", "masked"]:
        state = {name: value.astype(np.float64) for name, value in stored.items()}
        x = embed(images.astype(np.float64), state)
        for index in range(CONFIGURATION["depth"]):
            name, norms = f"blocks.{index}", {}
            after = block(x, state, name, norms)
            for layer in LAYERS:
                path = f"{name}.{layer}"
                chosen = mask(state[f"{path}.weight"], norms[path])
                tensors[f"{kind}.{path}"] = chosen
                if kind == "masked":
                    state[f"{path}.weight"] = state[f"{path}.weight"] * chosen
            x = block(x, state, name, {}) if kind == "masked" else after
    different = sum(int((tensors[name] != tensors["masked" + name[5:]]).sum()) for name in tensors if name[:6] == "dense.")
    print(f"{different} weights are decided differently")
    save_file(tensors, FILE, metadata={"configuration": json.dumps(CONFIGURATION), "pattern": f"{KEPT}:{GROUP}"})


if __name__ == "__main__":
    main()
