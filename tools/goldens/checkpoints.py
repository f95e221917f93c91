#!/usr/bin/env python3
"""Writes Tests/SwiftletCheckpointTests/Goldens: checkpoints as PyTorch, safetensors and transformers save them, and
expected.json with what is in them. Made with torch 2.13.0, safetensors 0.8.0 and transformers 5.23.0; seed 7.

`checkpoints.py --read FILE EXPECTED` instead checks that torch.load or safetensors reads a file that Swiftlet wrote.
"""
import argparse
import collections
import json
import pathlib
import sys

import safetensors.torch
import torch

GOLDENS = pathlib.Path(__file__).resolve().parents[2] / "Tests/SwiftletCheckpointTests/Goldens"


def describe(state):
    return {
        name: {
            "dataType": str(tensor.dtype).removeprefix("torch."),
            "shape": list(tensor.shape),
            "values": [float(x) for x in tensor.detach().double().flatten()],
        }
        for name, tensor in state.items()
    }


def read(path, expected):
    if path.endswith(".safetensors"):
        state = safetensors.torch.load_file(path)
    else:
        state = torch.load(path)  # the defaults: weights_only
        torch.load(path, mmap=True)
    wanted = json.loads(pathlib.Path(expected).read_text())
    found = describe(state)
    if found != wanted:
        sys.exit(f"{path} reads as {found}, expected {wanted}")


def averaged():
    """Training checkpoints with weights 1 and averages 2, as timm, torchvision's references and others nest them."""
    model = torch.nn.Linear(2, 2)
    average = torch.optim.swa_utils.AveragedModel(model)
    with torch.no_grad():
        for network, value in ((model, 1), (average.module, 2)):
            for parameter in network.parameters():
                parameter.fill_(value)
    trained, ema = model.state_dict(), average.module.state_dict()
    lightning = {f"net.{name}": tensor for name, tensor in trained.items()}
    for name, value in {
        # timm/utils/checkpoint_saver.py
        "timm": {"epoch": 3, "arch": "deit", "state_dict": trained, "version": 2, "state_dict_ema": ema},
        # torchvision/references/classification/train.py
        "torchvision": {"model": trained, "epoch": 3, "model_ema": average.state_dict()},
        "wrapped": {"model": lightning, "ema": {"decay": 0.999, "module": ema}, "step": torch.tensor(4)},
    }.items():
        torch.save(value, GOLDENS / f"averaged-{name}.pt")


def write():
    GOLDENS.mkdir(parents=True, exist_ok=True)
    averaged()
    torch.manual_seed(7)
    state = collections.OrderedDict()
    for kind in ("float64", "float32", "float16", "bfloat16"):
        state[f"floats.{kind}"] = torch.randn(2, 3).to(getattr(torch, kind))
    for kind in ("int64", "int32", "int16", "int8"):
        state[f"integers.{kind}"] = torch.randint(-100, 100, (3,)).to(getattr(torch, kind))
    state["integers.uint8"] = torch.tensor([0, 127, 255], dtype=torch.uint8)
    state["flags"] = torch.tensor([[True], [False]])
    state["scalar"] = torch.tensor(2.5)
    state["empty"] = torch.zeros(0, 4)
    base = torch.arange(12.0).reshape(3, 4)
    state["base"] = base
    state["view.transposed"] = base.t()
    state["view.inner"] = base[1:, 1:3]
    state["view.expanded"] = torch.tensor([[1.0], [2.0]]).expand(2, 3)
    state["parameter"] = torch.nn.Parameter(torch.randn(2))
    plain = {name: tensor.detach().clone().contiguous() for name, tensor in state.items()}
    expected = {"state": describe(state)}

    torch.save(state, GOLDENS / "state.pt")
    torch.save(state, GOLDENS / "state-legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(state, GOLDENS / "state-protocol4.pt", pickle_protocol=4)
    safetensors.torch.save_file(plain, GOLDENS / "state.safetensors", metadata={"made by": 'torch "2.13"\n'})

    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(4, 2)).square().sum().backward()
    optimizer.step()
    expected["model"] = describe(model.state_dict())
    torch.save(
        {
            "epoch": 3,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "args": argparse.Namespace(lr=0.125, name="tiny"),
            "big": 2**70,
            "negative": -(2**40),
            "bytes": b"\x00\xff",
            "set": {1},
            "size": torch.Size([2, 3]),
            "nothing": None,
            "nested": [(True, False), {"x": 1.5}],
        },
        GOLDENS / "training.pt",
    )

    import transformers

    transformers.logging.set_verbosity_error()
    sizes = dict(
        hidden_size=4, num_hidden_layers=2, num_attention_heads=2, intermediate_size=8, image_size=4, patch_size=2, num_labels=3
    )
    for name, model in (
        ("vit", transformers.ViTForImageClassification(transformers.ViTConfig(**sizes))),
        ("deit", transformers.DeiTForImageClassificationWithTeacher(transformers.DeiTConfig(**sizes))),
    ):
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter)
        folder = GOLDENS / name
        model.save_pretrained(folder)
        (folder / "model.safetensors").rename(GOLDENS / f"huggingface-{name}.safetensors")
        for rest in folder.iterdir():
            rest.unlink()
        folder.rmdir()
        torch.save(model.state_dict(), GOLDENS / f"huggingface-{name}.pt")
    (GOLDENS / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(*sys.argv[2:4])
    else:
        write()
