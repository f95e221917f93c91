"""Golden files of vision transformers: random weights, one input and the scores of the reference implementation.

    pip install torch torchvision timm transformers safetensors
    python tools/goldens/deit.py

writes Tests/SwiftletModelsTests/Goldens/*.safetensors (weights under the reference's own names, `golden.input`,
`golden.scores`; the metadata holds our configuration) and timm-names.json. Made with torch 2.13, transformers 5.23,
timm 1.0.31.
"""

import json
import pathlib
import tempfile

import timm
import torch
import transformers
from safetensors.torch import load_file, save_file
from timm.models.deit import VisionTransformerDistilled
from timm.models.vision_transformer import VisionTransformer

FOLDER = pathlib.Path(__file__).parents[2] / "Tests/SwiftletModelsTests/Goldens"


def randomise(model, seed):
    """Weights large enough that every part of the network moves the scores."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = 1.5 / max(parameter[0].numel(), 1) ** 0.5 if parameter.dim() in (2, 4) else 0.3
            centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            parameter.copy_(centre + scale * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def images(count, configuration, seed):
    size = configuration["imageSize"]
    shape = (count, configuration["channels"], size, size)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def write(name, weights, configuration, **arrays):
    tensors = {key: value.detach().clone().contiguous() for key, value in weights.items()}
    tensors |= {f"golden.{key}": value.detach().contiguous() for key, value in arrays.items()}
    save_file(tensors, FOLDER / f"{name}.safetensors", metadata={"configuration": json.dumps(configuration)})


def ours(**changes):
    configuration = dict(
        imageSize=16, patchSize=4, channels=3, width=24, depth=2, heads=3, mlpRatio=4.0, classes=7,
        distillation="none", qkvBias=True, normEpsilon=1e-12)
    return configuration | changes


def hugging_face(kind, configuration, seed):
    config = (transformers.ViTConfig if kind == "ViT" else transformers.DeiTConfig)(
        hidden_size=configuration["width"], num_hidden_layers=configuration["depth"],
        num_attention_heads=configuration["heads"],
        intermediate_size=round(configuration["width"] * configuration["mlpRatio"]), hidden_act="gelu",
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, layer_norm_eps=configuration["normEpsilon"],
        image_size=configuration["imageSize"], patch_size=configuration["patchSize"],
        num_channels=configuration["channels"], qkv_bias=configuration["qkvBias"],
        num_labels=configuration["classes"])
    classes = {
        "ViT": transformers.ViTForImageClassification,
        "DeiT": transformers.DeiTForImageClassification,
        "DeiTWithTeacher": transformers.DeiTForImageClassificationWithTeacher,
    }
    return randomise(classes[kind](config), seed)


def names_on_disk(model):
    """The weights as `save_pretrained` writes them, which is what the hub's files hold."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return load_file(pathlib.Path(folder) / "model.safetensors")


@torch.no_grad()
def main():
    FOLDER.mkdir(parents=True, exist_ok=True)

    # Hugging Face. The second has an odd grid, one channel and no biases in q, k, v.
    cases = [
        ("hf-vit", "ViT", ours(), 1),
        ("hf-vit-odd", "ViT", ours(imageSize=21, patchSize=7, channels=1, width=20, heads=2, depth=3, classes=2,
                                   mlpRatio=2.5, qkvBias=False), 2),
        ("hf-deit", "DeiT", ours(distillation="token"), 3),
        ("hf-deit-teacher", "DeiTWithTeacher", ours(distillation="head"), 4),
    ]
    for name, kind, configuration, seed in cases:
        model = hugging_face(kind, configuration, seed)
        x = images(3, configuration, 100 + seed)
        arrays = dict(input=x, scores=model(x).logits)
        if name == "hf-deit-teacher":  # other image sizes than the weights', up and down
            for size in (24, 12):
                other = images(2, configuration | {"imageSize": size}, 200 + size)
                arrays[f"input{size}"] = other
                arrays[f"scores{size}"] = model(other, interpolate_pos_encoding=True).logits
        write(name, names_on_disk(model), configuration, **arrays)

    # timm.
    for name, kind, distillation, seed in [
        ("timm-vit", VisionTransformer, "none", 5), ("timm-deit-distilled", VisionTransformerDistilled, "head", 6)
    ]:
        configuration = ours(imageSize=20, patchSize=5, width=32, heads=4, normEpsilon=1e-6, distillation=distillation)
        model = randomise(
            kind(img_size=20, patch_size=5, embed_dim=32, depth=2, num_heads=4, num_classes=7), seed)
        x = images(3, configuration, 100 + seed)
        write(name, model.state_dict(), configuration, input=x, scores=model(x))

    # Names and shapes of the published sizes.
    names = {}
    for model in ["deit_tiny_patch16_224", "deit_small_patch16_224", "deit_base_distilled_patch16_224"]:
        with torch.device("meta"):
            reference = timm.create_model(model)
        names[model] = [[key, list(value.shape)] for key, value in reference.state_dict().items()]
    (FOLDER / "timm-names.json").write_text(json.dumps(names, separators=(",", ":")))


if __name__ == "__main__":
    main()
