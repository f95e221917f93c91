"""Golden files of layers: what torch.nn computes from seeded inputs and weights.

    pip install torch safetensors
    python tools/goldens/layers.py

writes Tests/SwiftletNNTests/Goldens/*.safetensors. Made with torch 2.13.
"""

import pathlib

import torch
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).parents[2] / "Tests/SwiftletNNTests/Goldens"


def random(*shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def batch_norm():
    """Three training batches of different sizes, then inference; gradients of the last batch."""
    layer = torch.nn.BatchNorm2d(3)
    with torch.no_grad():
        layer.weight.copy_(random(3, seed=1))
        layer.bias.copy_(random(3, seed=2))
    out = {"start.weight": layer.weight.detach().clone(), "start.bias": layer.bias.detach().clone()}
    for step, batch in enumerate([4, 2, 5]):
        x = (3 * random(batch, 3, 5, 4, seed=10 + step) + step).requires_grad_()
        layer.zero_grad()
        y = layer(x)
        (y * random(*y.shape, seed=20 + step)).sum().backward()
        out |= {f"input{step}": x.detach(), f"output{step}": y.detach(), f"mask{step}": random(*y.shape, seed=20 + step)}
        out |= {f"mean{step}": layer.running_mean.clone(), f"var{step}": layer.running_var.clone()}
        out |= {f"inputGradient{step}": x.grad, f"weightGradient{step}": layer.weight.grad.clone()}
    layer.eval()
    out["inference"] = layer(out["input0"]).detach()
    out["batches"] = layer.num_batches_tracked
    save_file({k: v.contiguous() for k, v in out.items()}, FOLDER / "batch-norm.safetensors")


@torch.no_grad()
def others():
    out = {}
    conv = torch.nn.Conv2d(6, 8, 3, stride=2, padding=2, dilation=2, groups=2)
    conv.weight.copy_(random(8, 3, 3, 3, seed=30))
    conv.bias.copy_(random(8, seed=31))
    x = random(2, 6, 9, 7, seed=32)
    out |= {"conv.weight": conv.weight, "conv.bias": conv.bias, "conv.input": x, "conv.output": conv(x)}

    norm = torch.nn.LayerNorm(10, eps=1e-3)
    norm.weight.copy_(random(10, seed=40))
    norm.bias.copy_(random(10, seed=41))
    x = random(3, 4, 10, seed=42)
    out |= {"norm.weight": norm.weight, "norm.bias": norm.bias, "norm.input": x, "norm.output": norm(x)}

    x = torch.tensor([[3, 0], [1, 3]])
    table = random(4, 5, seed=50)
    out |= {"embedding.weight": table, "embedding.input": x, "embedding.output": torch.nn.functional.embedding(x, table)}

    x = random(40, seed=60) * 3
    out["activation.input"] = x
    for name in ["gelu", "relu", "silu", "sigmoid", "tanh"]:
        function = getattr(torch, name, None) or getattr(torch.nn.functional, name)
        out[f"activation.{name}"] = function(x)
    out["activation.geluTanh"] = torch.nn.functional.gelu(x, approximate="tanh")
    out["activation.quickGelu"] = x * torch.sigmoid(1.702 * x)  # CLIP's definition

    attention = torch.nn.MultiheadAttention(12, 3, batch_first=True)
    attention.in_proj_weight.copy_(random(36, 12, seed=70) * 0.3)
    attention.in_proj_bias.copy_(random(36, seed=71))
    attention.out_proj.weight.copy_(random(12, 12, seed=72) * 0.3)
    attention.out_proj.bias.copy_(random(12, seed=73))
    x = random(2, 5, 12, seed=74)
    out |= {
        "attention.qkv.weight": attention.in_proj_weight, "attention.qkv.bias": attention.in_proj_bias,
        "attention.proj.weight": attention.out_proj.weight, "attention.proj.bias": attention.out_proj.bias,
        "attention.input": x, "attention.output": attention(x, x, x)[0],
    }
    save_file({k: v.detach().contiguous() for k, v in out.items()}, FOLDER / "layers.safetensors")


def frames():
    """A convolution along frames with batch norm behind it: two training batches, then inference."""
    conv = torch.nn.Conv1d(6, 8, 3, stride=2, padding=2, dilation=2, groups=2)
    norm = torch.nn.BatchNorm1d(8, momentum=0.3, eps=1e-3)
    with torch.no_grad():
        conv.weight.copy_(random(8, 3, 3, seed=80))
        conv.bias.copy_(random(8, seed=81))
        norm.weight.copy_(random(8, seed=82))
        norm.bias.copy_(random(8, seed=83))
    out = {"conv.weight": conv.weight, "conv.bias": conv.bias, "norm.weight": norm.weight, "norm.bias": norm.bias}
    for step, (batch, count) in enumerate([(2, 9), (3, 14)]):
        x = random(batch, 6, count, seed=90 + step).requires_grad_()
        conv.zero_grad()
        y = norm(conv(x))
        mask = random(*y.shape, seed=95 + step)
        (y * mask).sum().backward()
        out |= {f"input{step}": x, f"output{step}": y, f"mask{step}": mask}
        out |= {f"mean{step}": norm.running_mean.clone(), f"var{step}": norm.running_var.clone()}
        out |= {f"inputGradient{step}": x.grad, f"weightGradient{step}": conv.weight.grad.clone()}
    norm.eval()
    out["inference"] = norm(conv(out["input0"]))
    # Without an axis behind the channels.
    out |= {"plain.input": random(4, 8, seed=99), "plain.output": norm(random(4, 8, seed=99))}
    save_file({k: v.detach().contiguous() for k, v in out.items()}, FOLDER / "frames.safetensors")


FOLDER.mkdir(parents=True, exist_ok=True)
batch_norm()
others()
frames()
