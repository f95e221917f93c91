"""Golden files of the vision transformers that are no DeiT: random weights, inputs and the scores of the reference.

    pip install torch torchvision timm transformers safetensors
    python tools/goldens/vit.py

writes Tests/SwiftletModelsTests/Goldens/{hf-dinov2*,timm-deit3,timm-vit-*}.safetensors (weights under the reference's
own names, `golden.input`, `golden.scores`, the same with `-HxW` for images of another size; the metadata holds our
configuration). Made with torch 2.13, transformers 5.24, timm 1.0.31.
"""

import timm.layers
import torch
import transformers
from timm.models.vision_transformer import VisionTransformer

from deit import names_on_disk, ours, randomise, write


def images(count, configuration, size, seed):
    sides = size if isinstance(size, list) else [size, size]
    return torch.randn([count, configuration.get("channels", 3), *sides], generator=torch.Generator().manual_seed(seed))


def dinov2(kind, configuration, seed):
    settings = dict(
        hidden_size=configuration["width"], num_hidden_layers=configuration["depth"],
        num_attention_heads=configuration["heads"], mlp_ratio=configuration["mlpRatio"],
        layer_norm_eps=configuration["normEpsilon"], image_size=configuration["imageSize"],
        patch_size=configuration["patchSize"], qkv_bias=configuration["qkvBias"], num_labels=configuration["classes"])
    if kind == "registers":
        config = transformers.Dinov2WithRegistersConfig(
            num_register_tokens=configuration["registerTokens"], **settings)
        return randomise(transformers.Dinov2WithRegistersForImageClassification(config), seed)
    config = transformers.Dinov2Config(**settings)
    classes = {"classifier": transformers.Dinov2ForImageClassification, "backbone": transformers.Dinov2Model}
    return randomise(classes[kind](config), seed)


def timm_vit(configuration, seed, **settings):
    return randomise(
        VisionTransformer(
            img_size=configuration["imageSize"], patch_size=configuration["patchSize"],
            embed_dim=configuration["width"], depth=configuration["depth"], num_heads=configuration["heads"],
            mlp_ratio=configuration["mlpRatio"], num_classes=configuration["classes"],
            qkv_bias=configuration["qkvBias"],
            norm_layer=lambda width, **rest: torch.nn.LayerNorm(width, eps=configuration["normEpsilon"], **rest),
            **settings), seed)


@torch.no_grad()
def main():
    # DINOv2: a head on the class token and the mean of the patches; other sizes than the weights', squares and not.
    for name, kind, configuration, seed in [
        ("hf-dinov2", "classifier", ours(layerScale=1.0, pooling="classTokenAndMean", mlpRatio=4), 31),
        ("hf-dinov2-registers", "registers",
         ours(layerScale=1.0, pooling="classTokenAndMean", registerTokens=3, positions="patches", mlpRatio=4), 32),
        ("hf-dinov2-backbone", "backbone", ours(layerScale=1.0, classes=0, qkvBias=False, mlpRatio=4), 33),
    ]:
        model = dinov2(kind, configuration, seed)

        def scores(x):
            result = model(x)
            return result.pooler_output if kind == "backbone" else result.logits

        arrays = {}
        sizes = [16] if kind == "registers" else [16, 24, 12, [20, 12]]
        for size in sizes:
            suffix = "" if size == 16 else f"-{size}x{size}" if isinstance(size, int) else "-{}x{}".format(*size)
            x = images(2, configuration, size, 200 + seed)
            arrays |= {"input" + suffix: x, "scores" + suffix: scores(x)}
        write(name, names_on_disk(model), configuration, **arrays)
        if kind == "classifier":
            write(name + "-memory", model.state_dict(), configuration,
                  input=arrays["input"], scores=arrays["scores"])

    # timm. The third has images that are no squares.
    small = ours(imageSize=20, patchSize=5, width=16, heads=2, normEpsilon=1e-6)
    for name, configuration, seed, settings in [
        ("timm-deit3", small | dict(layerScale=1e-6, positions="patches"), 41,
         dict(init_values=1e-6, no_embed_class=True)),
        ("timm-vit-registers", small | dict(registerTokens=2, activation="quickGelu", normEpsilon=1e-5), 42,
         dict(reg_tokens=2, act_layer=timm.layers.get_act_layer("quick_gelu"))),
        ("timm-vit-mean", small | dict(imageSize=[15, 25], classToken=False, pooling="mean", finalNorm="pooled",
                                       activation="relu", qkvBias=False), 43,
         dict(class_token=False, global_pool="avg", act_layer=torch.nn.ReLU)),
        ("timm-vit-mean-norm", small | dict(pooling="mean", activation="geluTanh"), 44,
         dict(global_pool="avg", fc_norm=False, act_layer=timm.layers.get_act_layer("gelu_tanh"))),
        ("timm-vit-token", small | dict(finalNorm="pooled", activation="silu"), 45,
         dict(fc_norm=True, act_layer=torch.nn.SiLU)),
    ]:
        model = timm_vit(configuration, seed, **settings)
        weights = {key: value.clone() for key, value in model.state_dict().items()}
        arrays = {}
        x = images(2, configuration, configuration["imageSize"], 200 + seed)
        arrays |= {"input": x, "scores": model(x)}
        if name in ("timm-deit3", "timm-vit-mean"):
            for size in [[30, 30], [10, 10], [25, 10]]:
                fresh = timm_vit(configuration, seed, **settings)
                fresh.set_input_size(img_size=tuple(size))
                x = images(2, configuration, size, 300 + seed)
                suffix = "-{}x{}".format(*size)
                arrays |= {"input" + suffix: x, "scores" + suffix: fresh(x)}
        write(name, weights, configuration, **arrays)


if __name__ == "__main__":
    main()
