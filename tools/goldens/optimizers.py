"""Optimisers, schedules, losses, clipping and weight averages of PyTorch on small fixed problems.

Writes Tests/SwiftletNNTests/Goldens/optimizers.json. Run: python tools/goldens/optimizers.py
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from torch.optim import lr_scheduler as schedulers

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests/SwiftletNNTests/Goldens/optimizers.json"
STEPS = 10
torch.manual_seed(20)


def flat(tensor):
    return tensor.detach().flatten().tolist()


def optimizer_case(name, make, rates):
    """A matrix with weight decay and a vector without, led by given gradients for 10 steps."""
    weight, bias = torch.randn(3, 4), torch.randn(3)
    start = [flat(weight), flat(bias)]
    weight.requires_grad_(), bias.requires_grad_()
    groups = [{"params": [weight]}, {"params": [bias], "weight_decay": 0.0}]
    optimizer = make(groups)
    gradients, trace = [], []
    for step in range(STEPS):
        pair = [torch.randn(3, 4), torch.randn(3)]
        weight.grad, bias.grad = pair[0].clone(), pair[1].clone()
        for group in optimizer.param_groups:
            group["lr"] = rates[step]
        optimizer.step()
        gradients.append([flat(g) for g in pair])
        trace.append([flat(weight), flat(bias)])
    return {"name": name, "start": start, "rates": rates, "gradients": gradients, "trace": trace}


def optimizers():
    rates = [0.1 * (0.9**i) for i in range(STEPS)]
    adamw = lambda groups: torch.optim.AdamW(groups, lr=1, betas=(0.9, 0.99), eps=1e-6, weight_decay=0.05)
    sgd = lambda momentum, nesterov: lambda groups: torch.optim.SGD(
        groups, lr=1, momentum=momentum, nesterov=nesterov, weight_decay=0.02
    )
    return [
        optimizer_case("adamw", adamw, rates),
        optimizer_case("sgd", sgd(0, False), rates),
        optimizer_case("sgd momentum", sgd(0.9, False), rates),
        optimizer_case("sgd nesterov", sgd(0.9, True), rates),
    ]


def schedule_case(name, peak, warmup, total, make):
    parameter = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=peak)
    if warmup:
        # From peak / warmup to the peak at step warmup - 1.
        ramp = schedulers.LinearLR(optimizer, start_factor=1 / warmup, total_iters=max(1, warmup - 1))
        schedule = schedulers.SequentialLR(optimizer, [ramp, make(optimizer)], milestones=[warmup])
    else:
        schedule = make(optimizer)
    rates = []
    for _ in range(total):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step(), schedule.step()
    return {"name": name, "peak": peak, "warmup": warmup, "total": total, "rates": rates}


def schedules():
    cosine = lambda total, warmup, floor: lambda o: schedulers.CosineAnnealingLR(o, T_max=total - warmup, eta_min=floor)
    return [
        schedule_case("constant", 0.3, 4, 12, lambda o: schedulers.ConstantLR(o, factor=1.0, total_iters=0)),
        schedule_case("cosine", 0.2, 0, 20, cosine(20, 0, 0.002)),
        schedule_case("cosine", 0.2, 5, 20, cosine(20, 5, 0.002)),
        schedule_case("step", 0.4, 0, 14, lambda o: schedulers.StepLR(o, step_size=4, gamma=0.5)),
        schedule_case("step", 0.4, 3, 14, lambda o: schedulers.StepLR(o, step_size=4, gamma=0.5)),
    ]


def losses():
    logits = torch.randn(5, 7, dtype=torch.float32, requires_grad=True)
    teacher = torch.randn(5, 7) * 2
    labels = torch.tensor([0, 6, 3, 3, 1])
    soft = torch.rand(5, 7).softmax(1)
    target = torch.randn(5, 7)
    cases = {
        "cross entropy": F.cross_entropy(logits, labels),
        "cross entropy smoothed": F.cross_entropy(logits, labels, label_smoothing=0.1),
        "soft targets": F.cross_entropy(logits, soft),
        "soft targets smoothed": F.cross_entropy(logits, soft, label_smoothing=0.1),
        "distillation": F.cross_entropy(logits, teacher.softmax(1)),
        # Hinton's factor T^2 keeps the gradient's size; at T = 1 this is the line above.
        "distillation at 4": 16 * F.cross_entropy(logits / 4, (teacher / 4).softmax(1)),
        "mean squared error": F.mse_loss(logits, target),
    }
    result = []
    for name, loss in cases.items():
        (gradient,) = torch.autograd.grad(loss, logits)
        result.append({"name": name, "loss": loss.item(), "gradient": flat(gradient)})
    return {
        "shape": [5, 7], "logits": flat(logits), "teacher": flat(teacher), "labels": labels.tolist(),
        "soft": flat(soft), "target": flat(target), "cases": result,
    }


def clipping():
    gradients = [torch.randn(3, 4), torch.randn(6)]
    result = []
    for limit in (0.5, 100.0):
        parameters = [torch.zeros_like(g, requires_grad=True) for g in gradients]
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient.clone()
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
        result.append({"limit": limit, "norm": norm.item(), "clipped": [flat(p.grad) for p in parameters]})
    return {"shapes": [[3, 4], [6]], "gradients": [flat(g) for g in gradients], "cases": result}


def averages():
    """A decay of min(0.8, (1 + step) / (10 + step)), which `num_averaged`, 1 at the first update, decides; buffers too."""
    values = [torch.randn(6) for _ in range(60)]
    module = torch.nn.Module()
    module.weight = torch.nn.Parameter(values[0].clone())
    module.register_buffer("running", values[0].clone())
    average = torch.optim.swa_utils.AveragedModel(
        module, use_buffers=True,
        avg_fn=lambda mean, value, count: (d := min(0.8, float(count) / float(9 + count))) * mean + (1 - d) * value,
    )
    average.update_parameters(module)
    trace = []
    for value in values[1:]:
        module.weight.data.copy_(value)
        module.running.copy_(2 * value)
        average.update_parameters(module)
        trace.append(flat(average.module.weight) + flat(average.module.running))
    return {"decay": 0.8, "values": [flat(v) for v in values], "trace": trace}


if __name__ == "__main__":
    goldens = {
        "torch": torch.__version__, "seed": 20, "optimizers": optimizers(), "schedules": schedules(),
        "losses": losses(), "clipping": clipping(), "averages": averages(),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(goldens) + "\n")
    print(OUT, OUT.stat().st_size, "bytes")
