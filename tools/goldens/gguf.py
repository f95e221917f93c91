#!/usr/bin/env python3
# /// script
# requires-python = ">=3.10"
# dependencies = ["accelerate", "gguf==0.19.0", "numpy", "safetensors", "torch==2.13.0", "transformers==5.24.0"]
# ///
"""Writes goldens for reading GGUF files, with gguf 0.19.0, torch 2.13.0 and transformers 5.24.0; seed 12.

Tests/SwiftletFilesTests/Goldens/gguf-blocks.safetensors: of every type four blocks or more, bytes and what gguf decodes them to.
Tests/SwiftletWorkflowsTests/Goldens/<family>.gguf and <family>.safetensors: small networks as llama.cpp's conversion writes
them, and the weights that they were made of, which transformers finds in them too.

`gguf.py --compare MODEL.gguf FOLDER` instead loads a GGUF file and the folder that `swiftlet import` made of it with
transformers, and compares weights bit for bit, configurations, and the scores of some tokens.
"""
import argparse
import importlib
import pathlib
import sys

import numpy as np
import torch

# This file has the name of the package that it reads.
sys.path = [place for place in sys.path if pathlib.Path(place or ".").resolve() != pathlib.Path(__file__).resolve().parent]
gguf = importlib.import_module("gguf")
from safetensors.numpy import save_file  # noqa: E402
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM  # noqa: E402

TESTS = pathlib.Path(__file__).resolve().parents[2] / "Tests"
TYPES = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"]
# Where the halves that scale a block stand in it.
SCALES = {"Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def blocks(random):
    """Random blocks: every bit but those of the scales, which are finite halves, subnormal ones among them."""
    arrays = {}
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        size, byte_count = gguf.GGML_QUANT_SIZES[kind]
        count = max(4, 64 // size)
        stored = random.integers(0, 256, (count, byte_count), dtype=np.uint8)
        for place in SCALES.get(name, []):
            halves = (random.standard_normal(count) * 10.0 ** random.integers(-7, 3, count)).astype(np.float16)
            stored[:, place:place + 2] = halves.view(np.uint8).reshape(count, 2)
        if name in ("F32", "F16", "BF16"):
            values = (random.standard_normal(count) * 10.0 ** random.integers(-7, 3, count)).astype(np.float32)
            stored = np.ascontiguousarray(gguf.quantize(values[:, None], kind)).view(np.uint8).reshape(count, byte_count)
        arrays[f"{name}.bytes"] = stored.reshape(-1)
        arrays[f"{name}.floats"] = gguf.dequantize(stored, kind).astype(np.float32).reshape(-1)
    return arrays


def neighbours(weights, heads):
    """Halves of a head as pairs of neighbours: what llama.cpp's conversion does to the queries and keys of Llamas."""
    shape = weights.shape
    return weights.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def gguf_name(name):
    stem, suffix = name.rsplit(".", 1)
    if stem in NAMES:
        return f"{NAMES[stem]}.{suffix}"
    _, _, layer, part = stem.split(".", 3)
    return f"blk.{layer}.{NAMES[part]}.{suffix}"


def alphabet():
    """GPT-2's letters for the 256 bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte if byte in plain else 256 + others.index(byte)) for byte in range(256)]


def write_model(model, family, kinds):
    """A network as llama.cpp's conversion writes it: matrices of one kind, vectors in floats."""
    config, heads = model.config, model.config.num_attention_heads
    folder = TESTS / "SwiftletWorkflowsTests/Goldens"
    folder.mkdir(exist_ok=True)
    path = folder / f"{family}.gguf"
    writer = gguf.GGUFWriter(str(path), family)
    writer.add_name(f"golden {family}")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    tokens = alphabet() + ["ab", "Ġa", "<|end|>"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2" if family == "qwen2" else "smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * 258 + [3])
    writer.add_token_merges(["a b", "Ġ a"])
    writer.add_bos_token_id(258)
    writer.add_eos_token_id(258)
    writer.add_add_bos_token(False)
    expected = {}
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        weights = tensor.numpy()
        rotates = family == "llama" and (".q_proj." in name or ".k_proj." in name)
        count = heads if ".q_proj." in name else config.num_key_value_heads
        turned = neighbours(weights, count) if rotates else weights
        kind = gguf.GGMLQuantizationType[kinds(name) if weights.ndim > 1 else "F32"]
        stored = gguf.quantize(np.ascontiguousarray(turned), kind)
        writer.add_tensor(gguf_name(name), stored, raw_dtype=kind)
        values = gguf.dequantize(stored, kind).reshape(weights.shape)
        if rotates:  # and back
            values = values.reshape(count, -1, 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)
        expected[name] = np.ascontiguousarray(values.astype(np.float32))
    scaling = config.rope_parameters
    if scaling.get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(config))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(expected, folder / f"{family}.safetensors")
    if scaling.get("rope_type", "default") == "default":
        found = AutoModelForCausalLM.from_pretrained(folder, gguf_file=path.name, dtype=torch.float32).state_dict()
        for name, values in expected.items():
            if not np.array_equal(found[name].numpy(), values):
                sys.exit(f"transformers reads {name} of {path} as something else than was written")


def llama3_factors(config):
    """The divisors of the rotations' frequencies, as llama.cpp's conversion computes them."""
    scaling = config.rope_parameters
    width = config.head_dim
    frequencies = 1.0 / (scaling["rope_theta"] ** (torch.arange(0, width, 2, dtype=torch.float32) / width))
    length, factor = scaling["original_max_position_embeddings"], scaling["factor"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    factors = []
    for frequency in frequencies:
        wave = 2 * np.pi / frequency
        if wave < length / high:
            factors.append(1)
        elif wave > length / low:
            factors.append(factor)
        else:
            smooth = (length / wave - low) / (high - low)
            factors.append(1 / ((1 - smooth) / factor + smooth))
    return np.array(factors, np.float32)


def models():
    torch.manual_seed(12)
    common = dict(
        vocab_size=259, hidden_size=32, intermediate_size=64, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=128, rms_norm_eps=1e-5, bos_token_id=258, eos_token_id=258)

    def randomised(model):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(std=0.2)
        return model.eval()

    llama = LlamaConfig(
        **{**common, "max_position_embeddings": 131072}, num_hidden_layers=2, head_dim=8,
        tie_word_embeddings=True, attention_bias=True,
        rope_parameters={"rope_theta": 500000.0, "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 8192})
    types = iter(["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "F16", "BF16"] * 3)
    write_model(randomised(LlamaForCausalLM(llama)), "llama", lambda name: next(types))
    qwen2 = Qwen2Config(
        **common, num_hidden_layers=1, tie_word_embeddings=False,
        rope_parameters={"rope_theta": 1000000.0, "rope_type": "default"})
    write_model(randomised(Qwen2ForCausalLM(qwen2)), "qwen2", lambda name: "Q8_0")


def compare(path, folder):
    path = pathlib.Path(path)
    one = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    other = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ours, theirs = other.state_dict(), one.state_dict()
    if ours.keys() != theirs.keys():
        sys.exit(f"the names differ: {sorted(ours.keys() ^ theirs.keys())}")
    for name, values in theirs.items():
        if not torch.equal(values, ours[name]):
            sys.exit(f"{name} differs by up to {(values - ours[name]).abs().max()}")
    for key in ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
                "vocab_size", "max_position_embeddings", "tie_word_embeddings", "bos_token_id", "eos_token_id"):
        if getattr(one.config, key) != getattr(other.config, key):
            sys.exit(f"{key} is {getattr(one.config, key)} and {getattr(other.config, key)}")
    tokens = torch.arange(64)[None] * 37 % one.config.vocab_size
    with torch.no_grad():
        difference = (one(tokens).logits - other(tokens).logits).abs().max().item()
    print(f"{len(theirs)} tensors are equal bit for bit; the scores of 64 tokens differ by at most {difference:.1e}")
    if not difference <= 1e-4:
        sys.exit("that is more than rounding")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--compare", nargs=2, metavar=("MODEL.gguf", "FOLDER"))
    options = arguments.parse_args()
    if options.compare:
        compare(*options.compare)
        return
    goldens = TESTS / "SwiftletFilesTests/Goldens"
    goldens.mkdir(exist_ok=True)
    save_file(blocks(np.random.default_rng(12)), goldens / "gguf-blocks.safetensors")
    models()


if __name__ == "__main__":
    main()
