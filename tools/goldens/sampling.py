"""Golden file of SwiftletLanguage's sampler: which tokens the logits processors of transformers leave, and their probabilities.

    pip install torch transformers
    python tools/goldens/sampling.py

writes Tests/SwiftletLanguageTests/Goldens/sampling.json. Made with torch 2.13, transformers 5.24. The processors are put in
order by `GenerationMixin` itself.
"""

import json
import pathlib
import random

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM
from transformers.generation.logits_process import LogitsProcessorList

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = ROOT / "Tests/SwiftletLanguageTests/Goldens/sampling.json"
VOCABULARY = 48

OPTIONS = [
    {"temperature": 1.0},
    {"temperature": 0.7},
    {"temperature": 2.5},
    {"temperature": 0.05},
    {"temperature": 1.0, "topK": 1},
    {"temperature": 1.0, "topK": 5},
    {"temperature": 0.8, "topK": 48},
    {"temperature": 1.0, "topK": 1000},
    {"temperature": 1.0, "topP": 0.9},
    {"temperature": 1.5, "topP": 0.5},
    {"temperature": 1.0, "topP": 0.01},
    {"temperature": 0.6, "topP": 0.999},
    {"temperature": 1.0, "minP": 0.05},
    {"temperature": 1.3, "minP": 0.5},
    {"temperature": 1.0, "minP": 1.0},
    {"temperature": 1.0, "topK": 20, "topP": 0.8},
    {"temperature": 0.9, "topK": 6, "topP": 0.95, "minP": 0.1},
    {"temperature": 2.0, "topP": 0.7, "minP": 0.3},
    {"temperature": 1.0, "repetitionPenalty": 1.3},
    {"temperature": 1.0, "repetitionPenalty": 0.8, "topK": 10},
    {"temperature": 0.8, "repetitionPenalty": 1.7, "topP": 0.85},
    {"temperature": 1.0, "biases": {"3": 4.0, "7": -2.5}},
    {"temperature": 0.7, "biases": {"1": 2.0, "40": "-inf"}, "repetitionPenalty": 1.2, "topK": 12, "topP": 0.9, "minP": 0.02},
]


def processors(options: dict) -> LogitsProcessorList:
    """What transformers makes of the options, and in which order."""
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1))
    configuration = GenerationConfig(
        do_sample=True, temperature=options["temperature"], top_k=options.get("topK", 0), top_p=options.get("topP", 1.0),
        min_p=options.get("minP"), repetition_penalty=options.get("repetitionPenalty", 1.0),
        sequence_bias={(int(token),): float(bias) for token, bias in options["biases"].items()}
        if "biases" in options else None,
        bos_token_id=None, eos_token_id=None, pad_token_id=None)
    configuration.num_beams = 1
    return model._get_logits_processor(generation_config=configuration, input_ids_seq_length=6)


def main() -> None:
    chance = random.Random(1)
    cases = []
    for options in OPTIONS:
        # Multiples of 1/64, so that texts of decimals hold them exactly.
        scores = [round(chance.gauss(0, 3) * 64) / 64 for _ in range(VOCABULARY)]
        tokens = [chance.randrange(VOCABULARY) for _ in range(6)]
        changed = processors(options)(torch.tensor([tokens]), torch.tensor([scores]))[0]
        probabilities = changed.double().softmax(0)
        left = [[token, float(probabilities[token])] for token in range(VOCABULARY) if changed[token] > -float("inf")]
        cases.append({"options": options, "scores": scores, "tokens": tokens, "left": left})
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
