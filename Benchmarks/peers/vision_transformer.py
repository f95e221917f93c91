"""A vision transformer in PyTorch with the weights of a checkpoint that Swiftlet wrote."""

import torch
from torch import nn


class Attention(nn.Module):
    """Of every token to all, several heads side by side."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))


class Perceptron(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class LayerScale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * self.gamma


class Block(nn.Module):
    def __init__(self, width, hidden, heads, epsilon, is_scaled):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, epsilon), nn.LayerNorm(width, epsilon)
        self.attn, self.mlp = Attention(width, heads), Perceptron(width, hidden)
        self.ls1, self.ls2 = (LayerScale(width) if is_scaled else nn.Identity() for _ in range(2))

    def forward(self, x):
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class VisionTransformer(nn.Module):
    """Class scores from the class token; the parameters have timm's names, which are Swiftlet's.

    Source: Dosovitskiy et al., "An Image Is Worth 16x16 Words" (2021), section 3.1; layer scale as in DINOv2.
    """

    # What a recipe's configuration must say for this to be the network, where it says anything.
    FORM = {
        "channels": 3, "activation": "gelu", "classToken": True, "distillation": "none", "registerTokens": 0,
        "positions": "allTokens", "pooling": "classToken", "finalNorm": "tokens", "qkvBias": True,
    }

    def __init__(self, configuration):
        super().__init__()
        others = {key: configuration[key] for key in self.FORM if configuration.get(key, self.FORM[key]) != self.FORM[key]}
        if others:
            raise ValueError(f"no vision transformer with {others} is written here")
        width, side, patch = (configuration[key] for key in ("width", "imageSize", "patchSize"))
        hidden = round(width * float(configuration["mlpRatio"]))
        # PyYAML takes 4e+0, as recipes are written, for a text.
        is_scaled, epsilon = configuration.get("layerScale") is not None, float(configuration["normEpsilon"])
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, patch, patch)})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (side // patch) ** 2, width))
        self.blocks = nn.Sequential(
            *(Block(width, hidden, configuration["heads"], epsilon, is_scaled) for _ in range(configuration["depth"]))
        )
        self.norm, self.head = nn.LayerNorm(width, epsilon), nn.Linear(width, configuration["classes"])

    def forward(self, images):
        patches = self.patch_embed["proj"](images).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(images.shape[0], -1, -1), patches], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


def recipe_of(checkpoint):
    """What a checkpoint of Swiftlet's says of itself."""
    import yaml
    from safetensors import safe_open

    with safe_open(checkpoint, "pt") as file:
        return yaml.safe_load(file.metadata()["swiftlet.recipe"])


def trained(checkpoint):
    """The network with its weights, and the pixels of a side."""
    from safetensors.torch import load_file

    model = recipe_of(checkpoint)["model"]
    if model["family"] != "deit":
        raise ValueError(f"{checkpoint} holds a network of the family {model['family']}, expected deit")
    network = VisionTransformer(model["configuration"])
    network.load_state_dict(load_file(checkpoint))
    network.eval()
    return network, model["configuration"]["imageSize"]
