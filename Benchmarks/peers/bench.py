#!/usr/bin/env python3
"""Swiftlet beside PyTorch, ONNX Runtime and OpenVINO: the same networks with random weights, equal threads, in turn.

Every contender is a program that waits to be asked (`swiftlet bench turns`, `contender.py`). In each round all of them run
in turn, each first once untimed and then a few times timed, once the one before has come to rest. What is measured is kept
in --work, and the page --out is written from all that was measured there on this machine with these settings, so that a
comparison can be made network by network. `make bench` makes the Python environment and calls this.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import select
import shlex
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NETWORKS = {
    "deit-small": "DeiT-S, 224 px",
    "deit-base": "DeiT-B, 224 px",
    "swin-small": "Swin-S, 224 px",
    "driving": "ELAN driving network, 384 x 640",
}
PRECISIONS = ("fp32", "bf16", "int8")
PATTERNS = {"dense": "dense", "2:4": "2of4", "1:4": "1of4"}
# Of each precision: what a row is called, the engine, and what contender.py makes of it.
PEERS = {
    "fp32": [
        ("PyTorch", "torch", "fp32"), ("ONNX Runtime", "onnxruntime", "fp32"), ("OpenVINO", "openvino", "fp32"),
        ("OpenVINO, 2:4 zeros, sparse weights asked for", "openvino", "fp32-sparse"),
    ],
    "bf16": [
        ("PyTorch, autocast", "torch", "bf16"), ("OpenVINO", "openvino", "bf16"),
        ("OpenVINO, 2:4 zeros, sparse weights asked for", "openvino", "bf16-sparse"),
    ],
    "int8": [
        ("ONNX Runtime, static QDQ", "onnxruntime", "static"), ("ONNX Runtime, dynamic", "onnxruntime", "dynamic"),
        ("OpenVINO, static QDQ", "openvino", "int8"),
        ("OpenVINO, static QDQ, 2:4 zeros, sparse weights asked for", "openvino", "int8-sparse"),
    ],
}
TICKS = os.sysconf("SC_CLK_TCK")
TITLE = "# Speed beside the peers"


class Failure(Exception):
    """Why a contender has no times."""


class Contender:
    """A program that runs a network when it is asked to."""

    def __init__(self, name, command, limit):
        self.name, self.limit, self.times = name, limit, []
        try:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
            )
        except OSError as error:
            raise Failure(f"{command[0]} does not start: {error.strerror}") from error
        os.set_blocking(self.process.stderr.fileno(), False)
        self.last_error = ""
        self.ready = self.read()

    def read(self):
        """The next answer; what the program says on standard error is kept meanwhile."""
        output, errors = self.process.stdout, self.process.stderr
        end = time.monotonic() + self.limit
        while True:
            left = end - time.monotonic()
            if left <= 0:
                self.stop()
                raise Failure(f"no answer within {self.limit} s")
            readable, _, _ = select.select([output, errors], [], [], left)
            if errors in readable and not self.hear() and output not in readable:
                time.sleep(0.01)
            if output in readable:
                line = output.readline()
                if not line:
                    time.sleep(0.05)
                    self.hear()
                    self.process.wait()
                    raise Failure(self.last_error[:200] or f"ended with status {self.process.returncode}")
                try:
                    return json.loads(line)
                except ValueError as error:
                    raise Failure(f"an answer that is no JSON: {line.strip()[:100]}") from error

    def hear(self):
        """What stands on standard error so far; its last line is kept."""
        try:
            text = self.process.stderr.read() or ""
        except TypeError:  # nothing there, and the pipe is open
            text = ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        self.last_error = lines[-1] if lines else self.last_error
        return text

    def run(self, count):
        try:
            self.process.stdin.write(f"{count}\n")
            self.process.stdin.flush()
        except OSError as error:
            raise Failure(self.last_error[:200] or "ended early") from error
        return self.read()["milliseconds"]

    def seconds(self):
        """Of processor time so far; 0 where the system does not say."""
        try:
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / TICKS
        except OSError:
            return 0

    def rest(self):
        """Waits until its threads have stopped looking for work: some spin for a while behind a run."""
        for _ in range(50):
            before = self.seconds()
            time.sleep(0.05)
            if self.seconds() == before:
                return
        raise Failure("its threads keep the processors busy between runs, so that nobody can be measured beside it")

    def stop(self):
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def processor():
    """Name and the instruction sets that matter here, of the first processor."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine(), set()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = set(facts.get("flags", facts.get("Features", "")).split())
    family = f" (family {facts['cpu family']}, model {facts['model']})" if "cpu family" in facts else ""
    return facts.get("model name", platform.machine()) + family, flags


SETS = {
    "avx2": "AVX2", "fma": "FMA", "avx512f": "AVX-512", "avx512_vnni": "AVX-512 VNNI", "avx512_bf16": "AVX-512 BF16",
    "avx_vnni": "AVX VNNI", "amx_int8": "AMX int8", "amx_bf16": "AMX bf16", "asimd": "NEON", "asimddp": "dot product",
    "i8mm": "i8mm", "bf16": "bf16",
}


def turns(options, file):
    """The command that lets a model file take turns."""
    return [
        options.swiftlet, "bench", "turns", str(file), "--threads", str(options.threads), "--batch", str(options.batch),
    ]


def peers(options, network, precision):
    """(name, command) of everyone but us; `network` is what contender.py takes."""
    for name, engine, variant in PEERS[precision]:
        yield name, [
            options.python, str(HERE / "contender.py"), engine, network, variant, "--threads", str(options.threads),
            "--batch", str(options.batch), "--cache", str(options.work / "onnx"),
        ]


def contenders(options, network, precision):
    """(name, command) of every contender."""
    for pattern, word in PATTERNS.items():
        yield f"Swiftlet {pattern}", turns(options, options.work / "models" / f"{network}-{precision}-{word}.swiftlet")
    yield from peers(options, network, precision)


def write_models(options, network, precisions):
    """Model files of every precision and pattern that are not there yet, or were written by an older program."""
    folder = options.work / "models"
    folder.mkdir(parents=True, exist_ok=True)
    age = pathlib.Path(options.swiftlet).stat().st_mtime

    def is_there(precision, word):
        file = folder / f"{network}-{precision}-{word}.swiftlet"
        return file.exists() and file.stat().st_mtime >= age

    missing = [p for p in precisions if not all(is_there(p, word) for word in PATTERNS.values())]
    if missing:
        # Where it fails, the contenders say that there is no such file: an older one must not be taken for it.
        for precision in missing:
            for word in PATTERNS.values():
                (folder / f"{network}-{precision}-{word}.swiftlet").unlink(missing_ok=True)
        subprocess.run(
            [options.swiftlet, "bench", "write", network, "--precisions", ",".join(missing), "--out", str(folder)],
            stdout=subprocess.DEVNULL,
        )


def measure(options, contenders):
    """Rows of (name, version, best, median) or (name, reason) of contenders (name, command), who take turns."""
    running, rows = [], {}
    for name, command in contenders:
        rows[name] = {"name": name}
        contender = None
        try:
            contender = Contender(name, command, options.limit)
            contender.rest()
            running.append(contender)
            rows[name]["version"] = contender.ready["ready"]
        except Failure as failure:
            rows[name]["reason"] = str(failure)
            if contender:
                contender.stop()
        say(f"  {name}: {rows[name].get('reason', 'ready')}")
    try:
        take_turns(options, running, rows)
    finally:
        for contender in running:
            contender.stop()
    for contender in running:
        row = rows[contender.name]
        if contender.times and "reason" not in row:
            each = [time / options.batch for time in contender.times]
            row.update(best=min(each), median=statistics.median(each))
    return list(rows.values())


def take_turns(options, running, rows):
    """The rounds; whoever fails is stopped, so that it disturbs nobody, and its row says why."""
    for round_number in range(options.rounds):
        # Whoever was first is last in the next round.
        shift = round_number % max(1, len(running))
        for contender in running[shift:] + running[:shift]:
            if "reason" in rows[contender.name]:
                continue
            try:
                contender.times += contender.run(1 + options.runs)[1:]
                contender.rest()
            except Failure as failure:
                rows[contender.name]["reason"] = str(failure)
                contender.stop()
        say(f"  round {round_number + 1} of {options.rounds}")


def table(result):
    rows = result["rows"]
    if not rows:
        return "this processor has no instructions for it."
    timed = [row for row in rows if "best" in row]
    dense = next((row for row in timed if row["name"] == "Swiftlet dense"), None)
    peers = [row for row in timed if not row["name"].startswith("Swiftlet")]
    fastest = min(peers, key=lambda row: row["best"], default=None)
    lines = [
        "| | best ms | median ms | of Swiftlet dense | of the fastest peer |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        if "best" not in row:
            reason = row.get("reason", "not measured").replace("|", "\\|")
            lines.append(f"| {row['name']} | {reason} | | | |")
            continue
        ratios = [f"{row['best'] / base['best']:.2f}" if base else "" for base in (dense, fastest)]
        name = f"**{row['name']}**" if row is fastest else row["name"]
        lines.append(f"| {name} | {row['best']:.2f} | {row['median']:.2f} | {ratios[0]} | {ratios[1]} |")
    return "\n".join(lines)


def page(results, settings, remark):
    """The page of all results that share the settings; the remark stands below the machine."""
    versions = {}
    for result in results:
        for row in result["rows"]:
            if "version" in row and not row["name"].startswith("Swiftlet"):
                versions[row["name"].split(",")[0]] = row["version"]
    named = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    text = f"""{TITLE}

The same networks with random weights in Swiftlet, PyTorch, ONNX Runtime and OpenVINO: times alone. Every contender is a
program of its own; they run in turn, one round after the other, each at rest while another runs. Milliseconds a sample, the
best and the median of all runs; the ratios are of the best times, so that below 1 is faster, and the fastest peer is in bold.
The peers know no N:M: OpenVINO is given a network with 2:4 zeros and its property for sparse weights besides.

Machine: {settings['processor']}, {settings['sets']}, {settings['processors']} processors. Batch {settings['batch']},
{settings['threads']} threads. {named}.{' ' + remark if remark else ''}

```sh
make bench
```
"""
    for network, title in NETWORKS.items():
        of_network = [result for result in results if result["network"] == network]
        if not of_network:
            continue
        text += f"\n## {title}\n"
        for precision in PRECISIONS:
            for result in of_network:
                if result["precision"] == precision:
                    text += f"\n{precision}, {result['when']}, `{result['command']}`:\n\n{table(result)}\n"
    return text


def replace(path, text):
    """Writes a file whole or not at all."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(text)
    draft.replace(path)


def say(text):
    print(text, file=sys.stderr, flush=True)


def words(known):
    def parse(text):
        chosen = text.split(",")
        for word in chosen:
            if word not in known:
                raise argparse.ArgumentTypeError(f'"{word}" is none of {", ".join(known)}')
        return chosen

    return parse


def main():
    # What stands on the page beside the figures: no part of the command that makes them again.
    beside = argparse.ArgumentParser(add_help=False)
    beside.add_argument("--remark", help="a sentence about the machine, for the page")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, parents=[beside]
    )
    parser.add_argument("--networks", type=words(NETWORKS), default=list(NETWORKS), help="separated by commas")
    parser.add_argument("--precisions", type=words(PRECISIONS), default=list(PRECISIONS), help="separated by commas")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=6, help="in each, every contender has a turn")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of a turn")
    parser.add_argument("--limit", type=int, default=900, help="seconds to wait for an answer, loading included")
    parser.add_argument("--swiftlet", default=str(ROOT / ".build/release/swiftlet"))
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the peers")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "out/bench", help="for models and results")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/results/speed.md")
    options = parser.parse_args()
    _, measured = beside.parse_known_args()
    if options.out.exists() and not options.out.read_bytes().startswith(TITLE.encode()):
        parser.error(f"{options.out} is another file than this program writes: name another")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    name, flags = processor()
    settings = {
        "processor": name,
        "sets": ", ".join(word for flag, word in SETS.items() if flag in flags) or "no set that is named here",
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": options.threads,
        "batch": options.batch,
    }
    options.work.mkdir(parents=True, exist_ok=True)
    kept = options.work / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else []
    arguments = shlex.join(measured)
    command = f'make bench BENCH="{arguments}"' if arguments else "make bench"
    computes_bf16 = flags & {"avx512_bf16", "amx_bf16", "bf16"}
    precisions = [p for p in options.precisions if p != "bf16" or computes_bf16]
    for network in options.networks:
        write_models(options, network, precisions)
        for precision in options.precisions:
            say(f"{network}, {precision}")
            if precision in precisions:
                rows = measure(options, contenders(options, network, precision))
            else:
                rows = []
            results = [
                r for r in results
                if (r["network"], r["precision"], r["settings"]) != (network, precision, settings)
            ]
            when = datetime.datetime.now().strftime("%Y-%m-%d %H:%M")
            results.append(
                dict(network=network, precision=precision, settings=settings, rows=rows, when=when, command=command)
            )
            # After each, so that whoever interrupts it keeps what was measured.
            replace(kept, json.dumps(results, indent=1))
            replace(options.out, page([r for r in results if r["settings"] == settings], settings, options.remark))
    say(f"written to {options.out}")


if __name__ == "__main__":
    main()
