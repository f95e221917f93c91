"""Golden folders of foreign weights: what transformers and timm write into a folder for a tiny random network, with an
input and its scores, and a picture with what their own preprocessing makes of it.

    pip install torch torchvision timm transformers safetensors
    python tools/goldens/foreign.py

writes Tests/SwiftletTrainingTests/Goldens/NAME/: the libraries' files, and golden.safetensors with `input`, `scores`,
`picture` ([height, width, 3] bytes) and `prepared`. Made with torch 2.13, transformers 5.24, timm 1.0.31.
"""

import pathlib
import shutil

import numpy
import PIL.Image
import timm
import torch
import transformers
from safetensors.torch import save_file
from timm.data import create_transform, resolve_data_config
from timm.models._hub import save_config_for_hf

FOLDER = pathlib.Path(__file__).parents[2] / "Tests/SwiftletTrainingTests/Goldens"
CLASSES = ["tench", "great white shark", "cock", "hen", "house finch"]


def randomise(model, seed):
    """Weights large enough that every part of the network moves the scores."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = 1.5 / max(parameter[0].numel(), 1) ** 0.5 if parameter.dim() in (2, 4) else 0.3
            centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            parameter.copy_(centre + scale * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def picture(seed):
    return numpy.random.default_rng(seed).integers(0, 256, (29, 41, 3), dtype=numpy.uint8)


@torch.no_grad()
def golden(folder, model, size, seed, prepare):
    x = torch.randn((2, 3, *size), generator=torch.Generator().manual_seed(seed))
    scores = model(x)
    pixels = picture(seed)
    prepared = prepare(PIL.Image.fromarray(pixels))
    save_file(
        {"input": x, "scores": getattr(scores, "logits", scores).contiguous(), "picture": torch.from_numpy(pixels),
         "prepared": prepared.contiguous()},
        folder / "golden.safetensors")


def fresh(name):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def hugging_face(name, model, processor, size, seed, **saving):
    folder = fresh(name)
    model = randomise(model, seed)
    model.save_pretrained(folder, **saving)
    processor.save_pretrained(folder)
    prepare = lambda image: processor(image, return_tensors="pt")["pixel_values"][0]
    golden(folder, model, (size, size), seed, prepare)


def pytorch_image_models(name, architecture, size, seed, config, **arguments):
    folder = fresh(name)
    model = randomise(timm.create_model(architecture, num_classes=5, **arguments), seed)
    timm.models.save_for_hf(model, folder, model_config=config, model_args=arguments, safe_serialization=True)
    size = size if isinstance(size, tuple) else (size, size)
    settings = resolve_data_config(
        {"input_size": (3, *size)}, pretrained_cfg=model.pretrained_cfg | config["pretrained_cfg"])
    golden(folder, model, size, seed, create_transform(**settings))


def main():
    names = dict(id2label=dict(enumerate(CLASSES)), label2id={name: i for i, name in enumerate(CLASSES)})
    small = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=28, patch_size=4,
                 image_size=16, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0) | names

    # ReLU, an epsilon of its own, the whole picture stretched, means of its own.
    hugging_face(
        "hf-vit-relu",
        transformers.ViTForImageClassification(
            transformers.ViTConfig(hidden_act="relu", layer_norm_eps=0.02, qkv_bias=False, **small)),
        transformers.ViTImageProcessorPil(size={"height": 16, "width": 16}), 16, 1)
    # In shards; two heads, and a crop of a stretched picture.
    hugging_face(
        "hf-deit-sharded",
        transformers.DeiTForImageClassificationWithTeacher(
            transformers.DeiTConfig(hidden_act="gelu_new", **small | {"num_attention_heads": 2})),
        transformers.DeiTImageProcessorPil(size={"height": 20, "width": 20}, crop_size={"height": 16, "width": 16}),
        16, 2, max_shard_size="6KB")
    # Fed smaller pictures than it was trained on.
    hugging_face(
        "hf-dinov2",
        transformers.Dinov2ForImageClassification(
            transformers.Dinov2Config(
                hidden_size=16, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2, patch_size=4, image_size=24,
                **names)),
        transformers.BitImageProcessorPil(size={"shortest_edge": 20}, crop_size={"height": 16, "width": 16}), 16, 3)
    # Windows that do not tile: 9 x 9 patches in windows of 4.
    hugging_face(
        "hf-swin",
        transformers.SwinForImageClassification(
            transformers.SwinConfig(
                image_size=18, patch_size=2, embed_dim=8, depths=[2, 1], num_heads=[2, 4], window_size=4, mlp_ratio=2.0,
                hidden_act="silu", drop_path_rate=0.0, hidden_dropout_prob=0.0, **names)),
        transformers.ViTImageProcessorPil(size={"height": 18, "width": 18}, resample=3), 18, 4)

    timm_small = dict(img_size=16, patch_size=4, embed_dim=16, depth=2, num_heads=4, mlp_ratio=2.0)
    images = dict(mean=(0.48, 0.45, 0.41), std=(0.27, 0.26, 0.28))
    pytorch_image_models(
        "timm-vit-mean", "vit_tiny_patch16_224", 16, 5,
        {"label_names": CLASSES, "pretrained_cfg": images | dict(crop_pct=0.7, interpolation="bilinear")},
        global_pool="avg", act_layer="relu", **timm_small)
    pytorch_image_models(
        "timm-vit-mean-without-norm", "vit_tiny_patch16_224", 16, 6,
        {"pretrained_cfg": images | dict(crop_pct=1.0, crop_mode="squash")}, global_pool="avg", fc_norm=False,
        class_token=False, **timm_small)
    pytorch_image_models(
        "timm-deit3", "deit3_small_patch16_224", 16, 7, {"pretrained_cfg": images | dict(crop_pct=0.9)}, **timm_small)
    pytorch_image_models(
        "timm-deit-distilled", "deit_tiny_distilled_patch16_224", 16, 8, {"pretrained_cfg": images}, **timm_small)
    pytorch_image_models(
        "timm-swin", "swin_tiny_patch4_window7_224", 18, 9, {"pretrained_cfg": images | dict(crop_pct=0.95)},
        img_size=18, patch_size=2, embed_dim=8, depths=[2, 1], num_heads=[2, 4], window_size=4, mlp_ratio=2.0)
    pytorch_image_models(
        "timm-vit-oblong", "vit_tiny_patch16_224", (16, 24), 12, {"pretrained_cfg": images | dict(crop_pct=0.8)},
        **timm_small | {"img_size": (16, 24)})
    averaged()


@torch.no_grad()
def averaged():
    """A checkpoint in timm's layout by Lightning's names, in a folder whose config.json is timm's; `average` are the
    averaged weights' scores."""
    folder = fresh("averaged")
    arguments = dict(img_size=16, patch_size=4, embed_dim=16, depth=1, num_heads=2, mlp_ratio=2.0)
    model, average = (
        randomise(timm.create_model("vit_tiny_patch16_224", num_classes=5, **arguments), seed) for seed in (10, 11))
    save_config_for_hf(model, folder / "config.json", model_args=arguments)
    named = lambda model: {f"model.net.{name}": value for name, value in model.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": named(model), "state_dict_ema": named(average)}, folder / "pytorch_model.bin")
    x = torch.randn((2, 3, 16, 16), generator=torch.Generator().manual_seed(10))
    save_file({"input": x, "scores": model(x), "average": average(x)}, folder / "golden.safetensors")


if __name__ == "__main__":
    main()
