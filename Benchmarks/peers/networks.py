"""The networks of the comparison in PyTorch: DeiT and Swin from transformers and a driving network, with random weights, and
vision transformers with the weights of a checkpoint that Swiftlet wrote.

Speed does not depend on what the weights are, but for N:M zeros, which `prune` makes.
"""

import pathlib

import torch
from torch import nn

import vision_transformer

TRANSFORMERS = {
    "deit-tiny": dict(hidden_size=192, num_attention_heads=3, intermediate_size=768),
    "deit-small": dict(hidden_size=384, num_attention_heads=6, intermediate_size=1536),
    "deit-base": dict(hidden_size=768, num_attention_heads=12, intermediate_size=3072),
    "swin-small": dict(embed_dim=96, depths=[2, 2, 18, 2], num_heads=[3, 6, 12, 24]),
}


class Scores(nn.Module):
    """An image classifier of transformers with the class scores alone as its result."""

    def __init__(self, name):
        super().__init__()
        from transformers import DeiTConfig, DeiTForImageClassification, SwinConfig, SwinForImageClassification

        settings = dict(TRANSFORMERS[name], num_labels=1000)
        if name.startswith("deit"):
            self.network = DeiTForImageClassification(DeiTConfig(**settings))
        else:
            self.network = SwinForImageClassification(SwinConfig(**settings))

    def forward(self, images):
        return self.network(images).logits


def convolution(inputs, outputs, kernel=1, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2), nn.ReLU())


class Aggregation(nn.Module):
    """ELAN: two 1x1 branches, of which the second runs through a chain of 3x3 convolutions; everything on the way that
    `kept` names is joined, newest first, and mixed by a 1x1 convolution.

    Source: Wang, Bochkovskiy and Liao, "YOLOv7" (2023), section 3.1.
    """

    def __init__(self, inputs, branch, hidden, length, kept, outputs):
        super().__init__()
        self.left, self.right = convolution(inputs, branch), convolution(inputs, branch)
        self.chain = nn.ModuleList(convolution(branch if i == 0 else hidden, hidden, 3) for i in range(length))
        self.kept = kept
        self.mix = convolution(2 * branch + len(kept) * hidden, outputs)

    def forward(self, x):
        parts = [self.left(x), self.right(x)]
        y = parts[1]
        for i, layer in enumerate(self.chain):
            y = layer(y)
            if i in self.kept:
                parts.append(y)
        return self.mix(torch.cat(parts[::-1], 1))


def backbone_block(inputs, hidden, outputs):
    return Aggregation(inputs, hidden, hidden, 4, (1, 3), outputs)


def neck_block(inputs, outputs):
    return Aggregation(inputs, outputs, outputs // 2, 4, (0, 1, 2, 3), outputs)


class Halving(nn.Module):
    """Half the height and width: a maximum and a convolution with stride 2 side by side."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.pooled = nn.Sequential(nn.MaxPool2d(2), convolution(inputs, outputs))
        self.strided = nn.Sequential(convolution(inputs, outputs), convolution(outputs, outputs, 3, 2))

    def forward(self, x):
        return torch.cat([self.pooled(x), self.strided(x)], 1)


class Pyramid(nn.Module):
    """SPPCSPC: maxima of three sizes beside the input, and a branch around all of it."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.before = nn.Sequential(
            convolution(inputs, outputs), convolution(outputs, outputs, 3), convolution(outputs, outputs)
        )
        self.pools = nn.ModuleList(nn.MaxPool2d(size, 1, size // 2) for size in (5, 9, 13))
        self.after = nn.Sequential(convolution(4 * outputs, outputs), convolution(outputs, outputs, 3))
        self.around = convolution(inputs, outputs)
        self.mix = convolution(2 * outputs, outputs)

    def forward(self, x):
        y = self.before(x)
        y = self.after(torch.cat([y] + [pool(y) for pool in self.pools], 1))
        return self.mix(torch.cat([y, self.around(x)], 1))


def segmentation_head(inputs, outputs):
    def doubled():
        return nn.Upsample(scale_factor=2)

    return nn.Sequential(
        convolution(inputs, 128, 3), doubled(), convolution(128, 64, 3), doubled(), convolution(64, 32, 3),
        convolution(32, 16, 3), doubled(), convolution(16, 8, 3), nn.Conv2d(8, outputs, 3, 1, 1),
    )


class Driving(nn.Module):
    """Boxes of four classes at three scales, drivable area and lane lines from one picture of 384 x 640.

    YOLOv7's backbone and neck with two heads like YOLOP's; 37 million weights, 37 billion multiply-adds.
    """

    def __init__(self, classes=4):
        super().__init__()
        self.stage2 = nn.Sequential(
            convolution(3, 32, 3), convolution(32, 64, 3, 2), convolution(64, 64, 3), convolution(64, 128, 3, 2),
            backbone_block(128, 64, 256),
        )
        self.stage3 = nn.Sequential(Halving(256, 128), backbone_block(256, 128, 512))
        self.stage4 = nn.Sequential(Halving(512, 256), backbone_block(512, 256, 1024))
        self.stage5 = nn.Sequential(Halving(1024, 512), backbone_block(1024, 256, 1024))
        self.pyramid = Pyramid(1024, 512)
        self.doubled = nn.Upsample(scale_factor=2)
        self.side5, self.side4, self.merged4 = convolution(512, 256), convolution(1024, 256), neck_block(512, 256)
        self.down4, self.side3, self.merged3 = convolution(256, 128), convolution(512, 128), neck_block(256, 128)
        self.halved3, self.joined4 = Halving(128, 128), neck_block(512, 256)
        self.halved4, self.joined5 = Halving(256, 256), neck_block(1024, 512)
        self.boxes = nn.ModuleList(
            nn.Sequential(convolution(width, 2 * width, 3), nn.Conv2d(2 * width, 3 * (5 + classes), 1))
            for width in (128, 256, 512)
        )
        self.area, self.lanes = segmentation_head(256, 3), segmentation_head(256, 4)

    def forward(self, images):
        x3 = self.stage3(self.stage2(images))
        x4 = self.stage4(x3)
        p5 = self.pyramid(self.stage5(x4))
        p4 = self.merged4(torch.cat([self.side4(x4), self.doubled(self.side5(p5))], 1))
        fine = torch.cat([self.side3(x3), self.doubled(self.down4(p4))], 1)
        p3 = self.merged3(fine)
        n4 = self.joined4(torch.cat([self.halved3(p3), p4], 1))
        n5 = self.joined5(torch.cat([self.halved4(n4), p5], 1))
        boxes = [head(x) for head, x in zip(self.boxes, (p3, n4, n5))]
        return (*boxes, self.area(fine), self.lanes(fine))


def is_checkpoint(name):
    return name.endswith(".safetensors")


def make(name, batch, is_pruned=False):
    """The network, and a batch of random images for it; `name` is one of this file's or a checkpoint's path."""
    torch.manual_seed(0)
    if is_checkpoint(name):
        network, side = vision_transformer.trained(name)
        shape = (side, side)
    else:
        network = Driving() if name == "driving" else Scores(name)
        shape = (384, 640) if name == "driving" else (224, 224)
    network.eval()
    if is_pruned:
        prune(network)
    return network, torch.randn(batch, 3, *shape, generator=torch.Generator().manual_seed(1))


def sources(name):
    """The files that a network is made from."""
    written = [pathlib.Path(__file__), pathlib.Path(vision_transformer.__file__)]
    return written + ([pathlib.Path(name)] if is_checkpoint(name) else [])


def label(name):
    """What files that are made of a network are called by: of `runs/dense/model.safetensors` `dense`."""
    return pathlib.Path(name).resolve().parent.name if is_checkpoint(name) else name


@torch.no_grad()
def prune(network):
    """Two of every four consecutive input channels become zero in every layer that they divide: those of small weights."""
    for layer in network.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)) and layer.weight.shape[1] % 4 == 0:
            weight = layer.weight.movedim(1, -1)
            groups = weight.reshape(*weight.shape[:-1], -1, 4)
            kept = groups.abs().topk(2, -1).indices
            groups = groups * torch.zeros_like(groups).scatter_(-1, kept, 1)
            layer.weight.copy_(groups.reshape(weight.shape).movedim(-1, 1))
