"""Golden files of the Llama family: random weights, token ids, positions and the scores of the reference implementation.

    pip install torch transformers safetensors numpy
    python tools/goldens/llama.py

writes Tests/SwiftletModelsTests/Goldens/llama-*.safetensors (weights under the reference's own names, `golden.ids`,
`golden.scores`, and the same far away, `golden.positions` and `golden.far`; the metadata holds the `config.json`). Made
with torch 2.13, transformers 5.24.
"""

import json
import pathlib

import torch
import transformers
from safetensors.torch import save_file
from transformers.models.bloom.modeling_bloom import _get_alibi_slopes

FOLDER = pathlib.Path(__file__).parents[2] / "Tests/SwiftletModelsTests/Goldens"
# Near, at powers of two and beside them, and far beyond what the small configurations say they are for.
FAR = [0, 1, 2, 63, 64, 65, 511, 512, 4095, 16384, 39998, 39999]
SHAPE = dict(
    vocab_size=30, hidden_size=16, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4,
    max_position_embeddings=64, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2)


def rope(kind, theta=10000.0, **parameters):
    return dict(rope_parameters=dict(rope_type=kind, rope_theta=theta, **parameters))


def randomise(model, seed):
    """Weights large enough that every part of the network moves the scores."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        scale = 1.5 / parameter[0].numel() ** 0.5 if parameter.dim() == 2 else 0.3
        centre = 1.0 if "norm" in name else 0.0
        parameter.copy_(centre + scale * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def ids(seed, batch=2, tokens=len(FAR)):
    return torch.randint(0, SHAPE["vocab_size"], (batch, tokens), generator=torch.Generator().manual_seed(seed))


def saved(config):
    """What `save_pretrained` writes."""
    return json.loads(config.to_json_string(use_diff=True))


def write(name, model, configuration, seed, mask=None):
    """`mask` is added to scores, `[1, heads, tokens, tokens]`; without it the model hides later tokens itself."""
    tokens = ids(seed)
    every = torch.ones_like(tokens) if mask is None else mask.expand(len(tokens), -1, -1, -1)
    arrays = {
        "ids": tokens, "scores": model(tokens, attention_mask=every).logits,
        "positions": torch.tensor(FAR),
        "far": model(tokens, attention_mask=every, position_ids=torch.tensor([FAR] * len(tokens))).logits,
    }
    weights = {key: value for key, value in model.state_dict().items()}
    if configuration.get("tie_word_embeddings"):
        weights.pop("lm_head.weight", None)
    tensors = {key: value.detach().clone().contiguous() for key, value in weights.items()}
    tensors |= {f"golden.{key}": value.detach().clone().contiguous() for key, value in arrays.items()}
    save_file(tensors, FOLDER / f"llama-{name}.safetensors", metadata={"configuration": json.dumps(configuration)})


@torch.no_grad()
def without_rotations(name, seed, kind):
    """Llama whose angles are all 0, and for `alibi` with the slopes of BLOOM as a mask."""
    heads = 6  # no power of two
    config = transformers.LlamaConfig(
        **SHAPE | dict(num_attention_heads=heads, num_key_value_heads=3, head_dim=4, hidden_size=24,
                       attn_implementation="eager"))
    model = randomise(transformers.LlamaForCausalLM(config), seed)
    model.model.rotary_emb.inv_freq.zero_()
    count = len(FAR)
    distance = torch.arange(count)[:, None] - torch.arange(count)[None, :]
    mask = torch.zeros(1, heads, count, count)
    if kind == "alibi":
        mask -= _get_alibi_slopes(heads, torch.device("cpu")).reshape(1, heads, 1, 1) * distance
    mask = mask.masked_fill(distance < 0, torch.finfo(torch.float32).min)
    configuration = saved(config)
    configuration |= dict(
        architectures=["SwiftletLlamaForCausalLM"], model_type="swiftlet_llama", position_embedding_type=kind)
    del configuration["rope_parameters"]
    write(name, model, configuration, seed + 100, mask)


@torch.no_grad()
def main():
    llama, mistral, qwen2 = (
        (transformers.LlamaConfig, transformers.LlamaForCausalLM),
        (transformers.MistralConfig, transformers.MistralForCausalLM),
        (transformers.Qwen2Config, transformers.Qwen2ForCausalLM))
    wide = dict(head_dim=16, num_attention_heads=2, num_key_value_heads=1)  # pairs of every kind of wave
    for seed, (name, (configuration, model), changes) in enumerate([
        ("plain", llama, {}),
        ("grouped", llama, dict(num_key_value_heads=2, head_dim=6, attention_bias=True, mlp_bias=True,
                                tie_word_embeddings=True, hidden_act="gelu", **rope("default", 500000.0))),
        ("mistral", mistral, dict(num_key_value_heads=2, head_dim=8, sliding_window=4)),
        ("qwen2", qwen2, dict(num_key_value_heads=1, use_sliding_window=True, sliding_window=3, max_window_layers=1,
                              **rope("default", 1e6))),
        ("linear", llama, wide | rope("linear", factor=4.0)),
        ("dynamic", llama, wide | rope("dynamic", factor=2.5)),
        ("llama3", llama, wide | dict(max_position_embeddings=65536) | rope(
            "llama3", 500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=8192)),
        ("yarn", llama, wide | dict(max_position_embeddings=16384) | rope(
            "yarn", factor=4.0, original_max_position_embeddings=4096)),
        ("yarn-odd", qwen2, dict(num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=8192, **rope(
            "yarn", factor=16.0, original_max_position_embeddings=512, beta_fast=16.0, beta_slow=2.0, mscale=0.7,
            mscale_all_dim=1.4, truncate=False))),
    ]):
        config = configuration(**SHAPE | changes)
        network = randomise(model(config), 300 + seed)
        network.config.architectures = [type(network).__name__]
        write(name, network, saved(network.config), 400 + seed)
    without_rotations("unplaced", 320, "none")
    without_rotations("alibi", 321, "alibi")


if __name__ == "__main__":
    main()
