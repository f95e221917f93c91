#!/usr/bin/env python3
"""Whether the peers compute what a model file does: class scores of the same pictures, from a checkpoint and its export.

usage: agreement.py CHECKPOINT FILE --cache FOLDER [--swiftlet PROGRAM]

Scores are taken about their picture's mean, and a difference as a share of the greatest. Prints one JSON object; ends with 1
where a peer differs by more than TOLERANCE.
"""

import argparse
import json
import logging
import math
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np

import contender
import vision_transformer

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What the order of sums may move: as much as `swiftlet export` allows.
TOLERANCE = 1e-3
PICTURES = 16


def pictures(side):
    """Patches of colours with noise over them, `[picture, side, side, 3]` in 8 bits."""
    random = np.random.default_rng(0)
    patches = random.integers(0, 256, (PICTURES, 7, 7, 3)).repeat(math.ceil(side / 7), 1).repeat(math.ceil(side / 7), 2)
    noise = random.integers(-20, 21, (PICTURES, side, side, 3))
    return (patches[:, :side, :side] + noise).clip(0, 255).astype(np.uint8)


def inputs(images, recipe):
    """What the network is given of pictures that need no resizing: the middle, `[picture, 3, side, side]`."""
    side, data = recipe["model"]["configuration"]["imageSize"], recipe["data"]
    margin = (images.shape[1] - side) // 2
    middle = images[:, margin:margin + side, margin:margin + side] / 255
    mean, deviation = (np.array([float(x) for x in data[key]]) for key in ("mean", "deviation"))
    return ((middle - mean) / deviation).transpose(0, 3, 1, 2).astype(np.float32)


def own_scores(swiftlet, file, images):
    """Logarithms of the probabilities, which are the scores but for a number a picture."""
    with tempfile.TemporaryDirectory() as folder:
        for index, image in enumerate(images):
            header = f"P6 {image.shape[1]} {image.shape[0]} 255\n".encode()
            (pathlib.Path(folder) / f"{index:03}.ppm").write_bytes(header + image.tobytes())
        done = subprocess.run(
            [swiftlet, "run", file, folder, "--json", "--top", "1000000", "--threads", "1"], stdout=subprocess.PIPE,
            text=True, check=True,
        )
    rows = [sorted(json.loads(line)["classes"], key=lambda c: c["index"]) for line in done.stdout.splitlines()]
    return np.log([[c["probability"] for c in row] for row in rows])


def peers(checkpoint, cache, x):
    """(name, scores)."""
    import onnxruntime
    import openvino
    import torch

    with torch.inference_mode():
        yield "PyTorch", vision_transformer.trained(checkpoint)[0](torch.from_numpy(x)).numpy()
    file = str(contender.file_of(checkpoint, 1, cache, "fp32"))
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    yield "ONNX Runtime", np.concatenate([session.run(None, {"images": one[None]})[0] for one in x])
    compiled = openvino.Core().compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    yield "OpenVINO", np.concatenate([compiled([one[None]])[0] for one in x])


def centred(scores):
    return scores - scores.mean(1, keepdims=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("file")
    parser.add_argument("--cache", type=pathlib.Path, required=True, help="for ONNX files")
    parser.add_argument("--swiftlet", default=str(ROOT / ".build/release/swiftlet"))
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    recipe = vision_transformer.recipe_of(options.checkpoint)
    side = int(recipe["model"]["configuration"]["imageSize"] / float(recipe["data"].get("cropShare", 1)))
    images = pictures(side)
    own = centred(own_scores(options.swiftlet, options.file, images))
    found = {
        name: float(np.abs(centred(scores) - own).max() / np.abs(own).max())
        for name, scores in peers(options.checkpoint, options.cache, inputs(images, recipe))
    }
    print(json.dumps({"pictures": PICTURES, "tolerance": TOLERANCE, "differences": found}))
    if not all(difference <= TOLERANCE for difference in found.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
