#!/usr/bin/env python3
# /// script
# requires-python = ">=3.10"
# dependencies = ["tokenizers==0.23.3"]
# ///
"""How fast `swiftlet tokenize` is beside the Rust library tokenizers, 0.23.3: the same tokenizer.json, the same texts, one thread.

  swift build -c release --product swiftlet
  python3 Benchmarks/tokens/compare.py TEXTS tokenizer.json …       # or folders that swiftlet import made

First the ids are compared, then both are timed in turn, and the medians of the rounds appear. Times are the processor's, so that
other work on the machine counts little. Of `swiftlet` they are those of runs with the texts less those of runs with an empty one,
which leaves out starting and loading; of the library those of a call with the texts in memory, without offsets
(`encode_batch_fast`). Neither has seen the texts before.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import Tokenizer  # noqa: E402

SWIFTLET = pathlib.Path(__file__).resolve().parents[2] / ".build/release/swiftlet"
NAMES = ["tinyshakespeare.txt", "tinystories_2MiB.txt", "wikitext2.test.tokens"]  # one behind the other


def swiftlet(tokenizer, text, *options):
    """What it prints, and the seconds of processor time that it took."""
    command = [str(SWIFTLET), "tokenize", str(tokenizer), str(text), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    return printed, usage.ru_utime + usage.ru_stime


def of_library(file, text):
    tokenizer = Tokenizer.from_file(str(file))
    start = time.process_time()
    ids = tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids
    return ids, time.process_time() - start


def compare(name, file, texts, rounds):
    """A row: megabytes a second of both, and how many times faster ours is."""
    content = texts.read_text(encoding="utf-8")
    printed, _ = swiftlet(file, texts, "--no-special")
    if [int(word) for word in printed.split()] != of_library(file, content)[0]:
        sys.exit(f"{name}: the ids differ")
    ours, starts, theirs = [], [], []
    for _ in range(rounds):
        starts.append(swiftlet(file, os.devnull, "--count")[1])
        ours.append(swiftlet(file, texts, "--count")[1])
        theirs.append(of_library(file, content)[1])
    size = texts.stat().st_size / 1e6
    own, other = size / (statistics.median(ours) - statistics.median(starts)), size / statistics.median(theirs)
    return f"| {name} | {own:.1f} | {other:.2f} | {own / other:.0f} |"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("texts", type=pathlib.Path, help=f"the folder of {', '.join(NAMES)}")
    arguments.add_argument("tokenizers", type=pathlib.Path, nargs="+", help="tokenizer.json, or a folder that holds one")
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        texts = pathlib.Path(folder) / "texts"
        content = "".join((options.texts / name).read_text(encoding="utf-8", errors="ignore") for name in NAMES)
        texts.write_text(content, encoding="utf-8")
        print(f"{texts.stat().st_size / 1e6:.1f} MB, MB/s\n")
        print("| vocabulary | here | tokenizers | ratio |\n|---| ---: | ---: | ---: |")
        for place in options.tokenizers:
            file = place / "tokenizer.json" if place.is_dir() else place
            print(compare(place.name if place.is_dir() else place.stem, file, texts, options.rounds), flush=True)


if __name__ == "__main__":
    main()
