"""What the studies of layer-wise N:M sparsity share: the commands they run, the files they keep, the tables they print.

What a study's folder already holds is not made again, so that an interrupted study goes on.
"""

import concurrent.futures
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import zipfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SWIFTLET = ROOT / ".build/release/swiftlet"


def lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def processor_name():
    """As Linux tells it."""
    found = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in found if line.startswith("model name")]
    return names[0] if names else "a processor without a name"


def markdown(rows):
    """A table whose first row is the heading; all columns but the first are figures."""
    ruled = [rows[0], ["---"] + ["---:"] * (len(rows[0]) - 1), *rows[1:]]
    return "\n".join("| " + " | ".join(row) + " |" for row in ruled)


class Answers:
    """Which images a classifier gets right, in their order, and its mean cross-entropy."""

    def __init__(self, images, right, loss):
        # A checksum of the images' names, and a digit for each image.
        self.images, self.right, self.loss = images, right, loss

    @classmethod
    def of(cls, said):
        """From the lines of `swiftlet run --json`, of images in folders of their classes."""
        said = sorted(said, key=lambda line: line["input"])
        names = [pathlib.Path(line["input"]).parent.name for line in said]
        right = "".join("1" if line["classes"][0]["label"] == name else "0" for line, name in zip(said, names))
        chances = [
            next(c["probability"] for c in line["classes"] if c["label"] == name) for line, name in zip(said, names)
        ]
        # The least number of single precision stands for what it rounds to zero.
        loss = statistics.fmean(-math.log(max(chance, 1.4e-45)) for chance in chances)
        paths = "\n".join("/".join(pathlib.Path(line["input"]).parts[-2:]) for line in said)
        return cls(zlib.crc32(paths.encode()), right, loss)

    @property
    def top1(self):
        return self.right.count("1") / len(self.right)

    def difference(self, other):
        """Points of top-1 more than another, and how likely so uneven a split of what one alone gets right is where both
        are equally good: McNemar's test, exact and two-sided."""
        assert self.images == other.images, "answers to other images"
        here = sum(a > b for a, b in zip(self.right, other.right))
        there = sum(a < b for a, b in zip(self.right, other.right))
        tail, ways = 0, 1
        for k in range(min(here, there) + 1):
            tail += ways
            ways = ways * (here + there - k) // (k + 1)
        return 100 * (self.top1 - other.top1), min(1.0, 2 * tail / 2 ** (here + there))


class Study:
    """The models of a study, made where its folder has none yet, and what is measured of them.

    A study names itself and its recipes: `dense_recipe` trains the network, `recipe` its supernet, `tuning_recipe`
    finetunes a plan.
    """

    name = None
    dense_recipe = recipe = tuning_recipe = None
    patterns = ["2:4", "1:4"]
    scores = ["magnitude", "wanda-dense", "sparsegpt"]
    precisions = ["fp32", "int8"]
    timed_batch, timed_threads = 8, 1
    # For finetuning a plan with the supernet's weights.
    tuning = []

    def __init__(self, data, out):
        self.data, self.out = data, out
        out.mkdir(parents=True, exist_ok=True)
        self.dense, self.supernet = out / "dense/model.safetensors", out / "supernet/model.safetensors"
        # Name, label, checkpoint, plan, precisions: in the order of the tables.
        self.models = []

    # --- Commands

    def say(self, text):
        print(f"{self.name}: {text}", file=sys.stderr, flush=True)

    def swiftlet(self, *arguments, quiet=False):
        """Runs a command and returns what it prints."""
        command = [str(SWIFTLET), *map(str, arguments)]
        self.say(" ".join(command[1:]))
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if quiet else None, text=True)
        if done.returncode:
            sys.exit(f"{self.name}: swiftlet {arguments[0]} failed with {done.returncode}")
        return done.stdout

    # --- Weights

    def resume(self, folder):
        return ["--resume"] if (self.out / folder / "checkpoint.safetensors").exists() else []

    def train(self, *more):
        if not self.dense.exists():
            self.swiftlet(
                "train", self.dense_recipe, "--data", self.data, "--out", self.dense.parent, *more,
                *self.resume("dense"),
            )
        self.trained_supernet("supernet")

    def trained_supernet(self, folder, *more):
        model = self.out / folder / "model.safetensors"
        if not model.exists():
            self.swiftlet(
                "train", self.recipe, "--checkpoint", self.dense, "--data", self.data, "--out", model.parent, *more,
                *self.resume(folder),
            )
        return model

    def tuned(self, folder, start, plan):
        """Finetunes `plan` from the weights `start`, with the dense network as teacher."""
        model = self.out / folder / "model.safetensors"
        if not model.exists():
            self.swiftlet(
                "compress", "--checkpoint", start, "--teacher", self.dense, "--finetune", self.tuning_recipe, *plan,
                "--data", self.data, "--out", model.parent, *self.resume(folder),
            )
        return model

    def pruned(self, folder, start, *how):
        """The weights `start` pruned once."""
        model = self.out / folder / "model.safetensors"
        if not model.exists():
            # Magnitudes need no images; with images the command also judges the network, which no table shows.
            looks = "--score" in how and "magnitude" not in how
            data = ["--recipe", self.tuning_recipe, "--data", self.data] if looks else []
            self.swiftlet("compress", "--checkpoint", start, *how, *data, "--out", model.parent)
        return model

    # --- Models of the tables

    @staticmethod
    def model(name, label, checkpoint, plan, precisions, *how):
        """`how` are further arguments of `swiftlet export`."""
        return {
            "name": name, "label": label, "checkpoint": checkpoint, "plan": plan, "precisions": precisions,
            "how": list(how),
        }

    def add(self, name, label, checkpoint, plan=None):
        self.models.append(self.model(name, label, checkpoint, plan, self.precisions))

    def add_uniform(self):
        self.add("dense", "dense", self.dense)
        for pattern in self.patterns:
            short = pattern.replace(":", "of")
            inherited = self.pruned(f"inherited-{short}", self.supernet, "--pattern", pattern)
            self.add(f"inherited-{short}", f"uniform {pattern}, inherited", inherited, inherited.parent / "plan.json")
            trained = self.tuned(short, self.dense, ["--set", f"compression.pattern={pattern}"])
            self.add(short, f"uniform {pattern}, trained alone", trained, trained.parent / "plan.json")
            self.add_once(pattern, short)

    def add_once(self, pattern, short):
        """The dense weights pruned once, by each score."""
        for score in self.scores:
            folder = f"once-{score}-{short}"
            once = self.pruned(folder, self.dense, "--pattern", pattern, "--score", score)
            self.add(folder, f"uniform {pattern}, {score} once", once, once.parent / "plan.json")

    def add_plan(self, name, label, plan, tunes=False):
        model = self.pruned(f"inherited-{name}", self.supernet, "--plan", plan)
        self.add(name, f"{label}, inherited", model, plan)
        if tunes:
            model = self.tuned(f"tuned-{name}", self.supernet, ["--plan", plan, *self.tuning])
            self.add(f"tuned-{name}", f"{label}, finetuned", model, plan)

    # --- Plans

    def work(self, plan, *more):
        """Multiply-adds and packed bytes under a plan, and what more asks for."""
        return json.loads(self.swiftlet("plan", plan, "--recipe", self.recipe, *more, "--json", quiet=True))[0]

    def plan(self, name):
        """All in one folder, so that what one search has measured no other measures again."""
        return self.out / "plans" / f"{name}.json"

    def made(self, name, *how):
        """A plan that needs no search."""
        plan = self.plan(name)
        if not plan.exists():
            plan.parent.mkdir(parents=True, exist_ok=True)
            self.swiftlet("plan", plan, "--recipe", self.recipe, *how, quiet=True)
        return plan

    def search(self, name, budget, method, *more):
        plan = self.plan(name)
        if not plan.exists():
            self.swiftlet(
                "search", self.recipe, "--checkpoint", self.supernet, "--data", self.data, "--budget", budget,
                "--method", method, "--out", plan, *more,
            )
        return plan

    # --- Measuring

    def all(self):
        """Every model with each of its precisions."""
        return [(model, precision) for model in self.models for precision in model["precisions"]]

    def file(self, name, precision):
        return self.out / "files" / f"{name}-{precision}.swiftlet"

    def export(self):
        for model, precision in self.all():
            file = model[precision] = self.file(model["name"], precision)
            report = file.with_suffix(".json")
            if not report.exists():
                file.parent.mkdir(exist_ok=True)
                plan = ["--plan", model["plan"]] if model["plan"] else []
                said = self.swiftlet(
                    "export", "--checkpoint", model["checkpoint"], *plan, "--precision", precision, "--data",
                    self.data / "cifar10-train.zip", *model["how"], "--out", file, "--json",
                )
                self.write(report, said)
            model[f"{precision}-report"] = json.loads(report.read_text())

    def test_images(self):
        """The folder of the test images, one a class, as `swiftlet run` takes them."""
        folder = self.out / "test-images"
        if not folder.exists():
            scratch = folder.with_suffix(".part")
            shutil.rmtree(scratch, ignore_errors=True)
            zipfile.ZipFile(self.data / "cifar10-test.zip").extractall(scratch)
            scratch.rename(folder)
        return folder

    def answered(self, model, precision):
        """What a file says of each test image, so that any two files can be compared."""
        kept = self.out / "answers" / f"{model['name']}-{precision}.json"
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            said = lines(
                self.swiftlet(
                    "run", model[precision], self.test_images(), "--top", 1_000_000, "--threads", 1, "--json"
                )
            )
            self.write(kept, json.dumps(Answers.of(said).__dict__))
        return Answers(**json.loads(kept.read_text()))

    def evaluate(self):
        """The answers of every file, as many files at once as there are processors."""
        self.test_images()
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            everything = self.all()
            for (model, precision), answers in zip(everything, pool.map(lambda one: self.answered(*one), everything)):
                model[f"{precision}-answers"] = answers

    def find(self, name):
        return next(model for model in self.models if model["name"] == name)

    def timed(self):
        """What takes turns."""
        return self.all()

    def time(self, runs=45):
        """Milliseconds an image, all files of the tables taking turns."""
        timed = self.timed()
        times = lines(
            self.swiftlet(
                "bench", *(model[precision] for model, precision in timed), "--batch", self.timed_batch, "--threads",
                self.timed_threads, "--runs", runs, "--json", quiet=True,
            )
        )
        for line in times:
            for model, precision in timed:
                if line["name"] == str(model[precision]):
                    model[f"{precision}-ms"] = line["median_ms"]

    # --- The page

    @staticmethod
    def top1(model, precision):
        return f"{100 * model[f'{precision}-answers'].top1:.2f}"

    @staticmethod
    def difference(model, precision, against, other):
        """Points of top-1 more than another file, and McNemar's probability."""
        return model[f"{precision}-answers"].difference(against[f"{other}-answers"])

    @classmethod
    def pair(cls, model, precision, against, other=None):
        points, probability = cls.difference(model, precision, against, other or precision)
        return f"{points:+.2f} (p {probability:.2g})"

    def searches(self):
        """What the searches saw on the held-out split: the mean of random plans beside the best of each method."""
        rows = [["search", "evaluations", "best loss", "best top-1", "mean of its random plans: loss, top-1 (deviation)"]]
        for trace in sorted(self.out.glob("plans/*.trace.jsonl")):
            header, *found = lines(trace.read_text())
            inside = [c for c in found if header["window"][0] <= c["cost"] <= header["window"][1]]
            best = min(inside, key=lambda c: c["loss"])
            drawn = [c for c in inside if c["origin"] == "random" and c["round"] == 0]
            mean = ""
            if len(drawn) > 1:
                losses, shares = [c["loss"] for c in drawn], [100 * c["accuracy"] for c in drawn]
                mean = (
                    f"{statistics.mean(losses):.4f}, {statistics.mean(shares):.2f} % "
                    f"({statistics.stdev(shares):.2f}) of {len(drawn)}"
                )
            rows.append([
                f"{header['method']}, {header['budget']}", str(len(found)), f"{best['loss']:.4f}",
                f"{100 * best['accuracy']:.2f} %", mean,
            ])
        return markdown(rows)

    def machine(self):
        cores = self.swiftlet("doctor", quiet=True).splitlines()[0].removeprefix("✔ processor: ")
        return f"{processor_name()}, {cores}"

    @staticmethod
    def write(file, text):
        """Whole or not at all."""
        scratch = file.with_suffix(".part")
        scratch.write_text(text)
        scratch.rename(file)
