"""The peers' side of the comparison: DeiT at 224 px with random weights in PyTorch, ONNX Runtime and OpenVINO.

Prints a JSON object a line for every engine: its name, precision and the milliseconds of each timed run. The ONNX files
are made once, in --cache. `compare` runs this in turn with `swiftlet bench vit`.
"""

import argparse
import json
import logging
import pathlib
import time
import warnings

import numpy as np
import onnxruntime
import openvino
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from transformers import DeiTConfig, DeiTForImageClassification

WIDTHS = {"deit-tiny": (192, 3), "deit-small": (384, 6), "deit-base": (768, 12)}


class Scores(torch.nn.Module):
    """Hugging Face's DeiT with the class scores alone as its result."""

    def __init__(self, network):
        super().__init__()
        width, heads = WIDTHS[network]
        torch.manual_seed(0)
        self.deit = DeiTForImageClassification(
            DeiTConfig(hidden_size=width, num_attention_heads=heads, intermediate_size=4 * width, num_labels=1000)
        ).eval()

    def forward(self, images):
        return self.deit(images).logits


class RandomImages(CalibrationDataReader):
    """A few batches of noise: ranges do not change the time."""

    def __init__(self, shape):
        generator = np.random.default_rng(1)
        self.batches = iter([{"images": generator.standard_normal(shape, np.float32)} for _ in range(2)])

    def get_next(self):
        return next(self.batches, None)


def onnx_files(network, batch, cache):
    """The network in fp32 and in static int8: QDQ, per-channel s8 weights, u8 activations."""
    cache.mkdir(parents=True, exist_ok=True)
    exact, rounded = cache / f"{network}-{batch}.onnx", cache / f"{network}-{batch}-int8.onnx"
    images = torch.randn(batch, 3, 224, 224)
    if not exact.exists():
        scratch = exact.with_suffix(".part")
        with torch.no_grad():
            torch.onnx.export(
                Scores(network), (images,), scratch, dynamo=False, opset_version=17, input_names=["images"]
            )
        scratch.rename(exact)
    if not rounded.exists():
        prepared, scratch = cache / f"{network}-{batch}.prepared", rounded.with_suffix(".part")
        quant_pre_process(exact, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared, scratch, RandomImages(images.shape), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        )
        scratch.rename(rounded)
    return exact, rounded


def engines(network, batch, threads, cache):
    """(engine, precision, a function that runs one batch) for every peer."""
    exact, rounded = onnx_files(network, batch, cache)
    images = torch.randn(batch, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    array = images.numpy()

    torch.set_num_threads(threads)
    model = Scores(network)

    def in_torch(precision):
        def run():
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                return model(images)

        return run

    for precision in ("fp32", "bf16"):
        yield "torch", precision, in_torch(precision)

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    for precision, file in (("fp32", exact), ("int8", rounded)):
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        yield "onnxruntime", precision, lambda session=session: session.run(None, {"images": array})

    core = openvino.Core()
    for precision, file, hint in (("fp32", exact, "f32"), ("bf16", exact, "bf16"), ("int8", rounded, "f32")):
        settings = {
            "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"
        }
        request = core.compile_model(str(file), "CPU", settings).create_infer_request()
        yield "openvino", precision, lambda request=request: request.infer([array])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("network", choices=WIDTHS)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    for engine, precision, run in engines(options.network, options.batch, options.threads, options.cache):
        run(), run()
        times = []
        for _ in range(options.runs):
            start = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - start))
        print(json.dumps({"engine": engine, "precision": precision, "milliseconds": times}), flush=True)


if __name__ == "__main__":
    main()
