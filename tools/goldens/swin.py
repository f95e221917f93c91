"""Golden files of Swin transformers: random weights, one input and the scores of the reference implementation.

    pip install torch torchvision timm transformers safetensors
    python tools/goldens/swin.py

writes Tests/SwiftletModelsTests/Goldens/*swin*.safetensors (weights under the reference's own names, `golden.input`,
`golden.scores`; the metadata holds our configuration) and swin-names.json. Made with torch 2.15 (timm-swin-padded: 2.13),
transformers 5.24, timm 1.0.31.
"""

import json
import re

import timm
import torch
import transformers
from timm.models.swin_transformer import SwinTransformer

from deit import FOLDER, images, names_on_disk, randomise, write


def ours(**changes):
    configuration = dict(
        imageSize=32, patchSize=2, channels=3, width=12, depths=[2, 2], heads=[2, 3], windowSize=4, mlpRatio=2.0,
        classes=5, qkvBias=True, normEpsilon=1e-5)
    return configuration | changes


def hugging_face(configuration, seed):
    return randomise(
        transformers.SwinForImageClassification(transformers.SwinConfig(
            image_size=configuration["imageSize"], patch_size=configuration["patchSize"],
            num_channels=configuration["channels"], embed_dim=configuration["width"], depths=configuration["depths"],
            num_heads=configuration["heads"], window_size=configuration["windowSize"],
            mlp_ratio=configuration["mlpRatio"], qkv_bias=configuration["qkvBias"],
            layer_norm_eps=configuration["normEpsilon"], num_labels=configuration["classes"])), seed)


def present(configuration, seed):
    return randomise(
        SwinTransformer(
            img_size=configuration["imageSize"], patch_size=configuration["patchSize"],
            in_chans=configuration["channels"], num_classes=configuration["classes"],
            embed_dim=configuration["width"], depths=configuration["depths"], num_heads=configuration["heads"],
            window_size=configuration["windowSize"], mlp_ratio=configuration["mlpRatio"],
            qkv_bias=configuration["qkvBias"]), seed)


def earlier(weights):
    """The names of timm before 0.9, its derived buffers included."""
    renamed = {}
    for name, value in weights.items():
        name = re.sub(r"layers\.(\d+)\.downsample", lambda m: f"layers.{int(m[1]) - 1}.downsample", name)
        renamed[name.replace("head.fc.", "head.")] = value
    renamed["layers.0.blocks.0.attn.relative_position_index"] = torch.zeros(16, 16, dtype=torch.int64)
    renamed["layers.0.blocks.1.attn_mask"] = torch.zeros(16, 16, 16)
    return renamed


@torch.no_grad()
def main():
    # Hugging Face: windows that tile the map; windows that do not, an odd map to merge and no biases in q, k, v.
    for name, configuration, seed in [
        ("hf-swin", ours(), 21),
        ("hf-swin-odd", ours(imageSize=27, patchSize=3, channels=1, width=8, depths=[2, 1, 2], heads=[2, 1, 4],
                             windowSize=2, mlpRatio=1.5, classes=3, qkvBias=False), 22),
    ]:
        model = hugging_face(configuration, seed)
        x = images(2, configuration, 100 + seed)
        write(name, names_on_disk(model), configuration, input=x, scores=model(x).logits)
        if name == "hf-swin":
            write("hf-swin-memory", model.state_dict(), configuration, input=x, scores=model(x).logits)

    # timm, with a last map that is smaller than a window; the same under its earlier names.
    configuration = ours(imageSize=24, patchSize=4, windowSize=3, depths=[2, 2, 2], heads=[2, 4, 4], width=8)
    model = present(configuration, 23)
    x = images(2, configuration, 123)
    write("timm-swin", model.state_dict(), configuration, input=x, scores=model(x))
    write("timm-swin-earlier", earlier(model.state_dict()), configuration, input=x, scores=model(x))

    # Windows that tile no map, in shifted blocks too; then other images, with windows that grow and shrink with them.
    configuration = ours(imageSize=27, patchSize=3, windowSize=4, depths=[2, 2], heads=[2, 3], width=12)
    model = present(configuration, 24)
    x = images(2, configuration, 124)
    arrays = dict(input=x, scores=model(x))
    for size, window in [(45, 6), (21, 3)]:
        other = present(configuration, 24)
        other.set_input_size(img_size=(size, size), window_size=(window, window))
        x = images(2, configuration | {"imageSize": size}, 224)
        arrays |= {f"input{size}": x, f"scores{size}": other(x)}
    write("timm-swin-padded", model.state_dict(), configuration, **arrays)

    names = {}
    for model in ["swin_tiny_patch4_window7_224", "swin_small_patch4_window7_224", "swin_base_patch4_window7_224"]:
        with torch.device("meta"):
            reference = timm.create_model(model)
        names[model] = [[key, list(value.shape)] for key, value in reference.state_dict().items()]
    (FOLDER / "swin-names.json").write_text(json.dumps(names, separators=(",", ":")))


if __name__ == "__main__":
    main()
