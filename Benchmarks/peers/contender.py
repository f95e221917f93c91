"""One engine with one network, as a program that waits to be asked: `bench.py` lets such programs take turns.

Prints a line of JSON when it is ready, then answers each line of standard input, a number of runs, with the milliseconds
of each. ONNX files are made once, in --cache.
"""

import argparse
import json
import logging
import pathlib
import sys
import time
import warnings


def file_of(network, batch, cache, kind):
    """The ONNX file of a network: `fp32`, `static` int8 (QDQ, s8 weights a channel, u8 activations), `dynamic` int8; each
    also `pruned`, with 2:4 zeros."""
    import networks
    import torch

    cache.mkdir(parents=True, exist_ok=True)
    is_pruned = kind.endswith("-pruned")
    kind = kind.removesuffix("-pruned")
    path = cache / f"{networks.label(network)}-{batch}-{kind}{'-pruned' if is_pruned else ''}.onnx"
    if path.exists() and all(path.stat().st_mtime >= source.stat().st_mtime for source in networks.sources(network)):
        return path
    scratch = path.with_suffix(".part")
    if kind == "fp32":
        model, images = networks.make(network, batch, is_pruned)
        with torch.no_grad():
            torch.onnx.export(model, (images,), scratch, dynamo=False, opset_version=17, input_names=["images"])
        scratch.rename(path)
        return path

    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    exact = file_of(network, batch, cache, "fp32-pruned" if is_pruned else "fp32")
    prepared = path.with_suffix(".prepared")
    quant_pre_process(exact, prepared, skip_symbolic_shape=True)
    if kind == "dynamic":
        quantization.quantize_dynamic(prepared, scratch, weight_type=quantization.QuantType.QInt8)
    else:
        _, images = networks.make(network, batch)

        class Noise(quantization.CalibrationDataReader):
            """Ranges do not change the time."""

            def __init__(self):
                self.batches = iter([{"images": torch.randn(images.shape).numpy()} for _ in range(2)])

            def get_next(self):
                return next(self.batches, None)

        quantization.quantize_static(
            prepared, scratch, Noise(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
            activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
        )
    prepared.unlink()
    scratch.rename(path)
    return path


def torch_engine(network, batch, threads, cache, variant):
    import networks
    import torch

    torch.set_num_threads(threads)
    model, images = networks.make(network, batch)

    def run():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=variant == "bf16"):
            model(images)

    return torch.__version__, run


def onnxruntime_engine(network, batch, threads, cache, variant):
    import networks
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        str(file_of(network, batch, cache, variant)), options, providers=["CPUExecutionProvider"]
    )
    images = networks.make(network, batch)[1].numpy()
    return onnxruntime.__version__, lambda: session.run(None, {"images": images})


def openvino_engine(network, batch, threads, cache, variant):
    import networks
    import openvino

    kind = "static" if variant.startswith("int8") else "fp32"
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "bf16" if variant.startswith("bf16") else "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    if variant.endswith("-sparse"):
        kind += "-pruned"
        settings["CPU_SPARSE_WEIGHTS_DECOMPRESSION_RATE"] = 0.4  # half of the weights are zeros
    compiled = openvino.Core().compile_model(str(file_of(network, batch, cache, kind)), "CPU", settings)
    request = compiled.create_infer_request()
    images = networks.make(network, batch)[1].numpy()
    return openvino.__version__, lambda: request.infer([images])


ENGINES = {"torch": torch_engine, "onnxruntime": onnxruntime_engine, "openvino": openvino_engine}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("network", help="a name of networks.py, or a vision transformer's model.safetensors")
    parser.add_argument("variant", help="fp32, bf16, static, dynamic, int8; -sparse behind it where OpenVINO has it")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    # Whatever libraries print must not stand among the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    make = ENGINES[options.engine]
    version, run = make(options.network, options.batch, options.threads, options.cache, options.variant)
    run(), run()
    print(json.dumps({"ready": version}), file=answers, flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - start))
        print(json.dumps({"milliseconds": times}), file=answers, flush=True)


if __name__ == "__main__":
    main()
