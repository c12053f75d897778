"""Writes torch.json: what PyTorch's optimizers make of rows of 0.5 by given gradients.

Run `python generate.py` beside this file with torch installed; the seed is fixed, so the result only
changes when a case does. PyTorch computes in double precision from numbers that are exact in single
precision. A case has a table of one row, or of several of which each push touches some.
"""

import json
import pathlib

import torch

torch.manual_seed(30)
torch.sparse.check_sparse_tensor_invariants.enable()
torch.set_num_threads(1)

STEPS = 60
KEPT = [1, 2, 3, 10, 30, STEPS]


def single(value):
    """The number that a 32-bit float makes of it."""
    return torch.tensor(value, dtype=torch.float32).double().item()


def gradients(rows, dimension):
    values = torch.randn(STEPS, rows, dimension) * torch.rand(STEPS, rows, 1) * 3
    # Sixty-fourths have few digits.
    return (values.double() * 64).round() / 64


CASES = []


def case(name, rule, make, dimension=3, scheduler=None, clip=None, touched=None, **rest):
    rows = 1 if touched is None else 1 + max(max(step) for step in touched)
    weight = torch.nn.Parameter(torch.full((rows, dimension), 0.5, dtype=torch.float64))
    optimizer = make([weight])
    schedule = scheduler(optimizer) if scheduler else None
    pushed = gradients(rows, dimension)
    expected = []
    for step in range(STEPS):
        keys = [0] if touched is None else touched[step]
        if touched is None:
            weight.grad = pushed[step].clone()
        else:
            weight.grad = torch.sparse_coo_tensor([keys], pushed[step][keys], weight.shape)
        if clip:
            clip([weight])
        optimizer.step()
        if schedule:
            schedule.step()
        if step + 1 in KEPT:
            values = [float(f"{value:.9g}") for value in weight.detach().flatten().tolist()]
            expected.append({"pushes": step + 1, "weights": values})
    CASES.append({
        "name": name, "rule": rule, "dimension": dimension, "l2": 0, "schedule": "constant",
        "keys": [[0]] * STEPS if touched is None else touched,
        "gradients": [
            pushed[step][[0] if touched is None else touched[step]].flatten().tolist()
            for step in range(STEPS)
        ],
        "expected": expected, **rest,
    })


def rules():
    optim = torch.optim
    rate, decay = single(0.05), single(0.01)
    for l2 in [0, decay]:
        suffix = " with decay" if l2 else ""

        def add(name, rule, make, dimension, **numbers):
            case(
                name + suffix, rule, make, dimension, learningRate=rate, l2=l2, numbers=numbers)

        add("sgd", "sgd", lambda p: optim.SGD(p, lr=rate, weight_decay=l2), 9)
        momentum = single(0.9)
        for nesterov in [False, True]:
            add(
                "nesterov" if nesterov else "momentum", "nesterov" if nesterov else "momentum",
                lambda p: optim.SGD(
                    p, lr=rate, momentum=momentum, nesterov=nesterov, weight_decay=l2),
                3, decay=momentum)
        start = single(0.1)
        add(
            "adagrad", "adagrad",
            lambda p: optim.Adagrad(
                p, lr=rate, eps=0, initial_accumulator_value=start, weight_decay=l2),
            9, initialAccumulator=start)
        beta1, beta2, epsilon = single(0.9), single(0.999), single(1e-8)
        add(
            "adam", "adam",
            lambda p: optim.Adam(
                p, lr=rate, betas=(beta1, beta2), eps=epsilon, weight_decay=l2),
            9, beta1=beta1, beta2=beta2, epsilon=epsilon)
        alpha = single(0.99)
        add(
            "rmsprop", "rmsprop",
            lambda p: optim.RMSprop(p, lr=rate, alpha=alpha, eps=epsilon, weight_decay=l2),
            3, alpha=alpha, epsilon=epsilon)


def sparse():
    beta1, beta2, epsilon, rate = single(0.8), single(0.99), single(1e-8), single(0.05)
    touched = [
        sorted(torch.randperm(4)[:1 + int(torch.randint(0, 3, (1,)))].tolist())
        for _ in range(STEPS)
    ]
    touched[0] = [0, 3]
    case(
        "sparse adam", "lazyAdam",
        lambda p: torch.optim.SparseAdam(p, lr=rate, betas=(beta1, beta2), eps=epsilon),
        touched=touched, learningRate=rate,
        numbers={"beta1": beta1, "beta2": beta2, "epsilon": epsilon})


def clipping():
    rate = single(0.05)
    for dimension in [3, 11]:
        for limit in [single(0.4), single(2)]:
            case(
                f"clip value {limit:.2g}", "sgd", lambda p: torch.optim.SGD(p, lr=rate),
                dimension, clip=lambda p: torch.nn.utils.clip_grad_value_(p, limit),
                learningRate=rate, numbers={}, clipValue=limit)
            case(
                f"clip norm {limit:.2g}", "sgd", lambda p: torch.optim.SGD(p, lr=rate),
                dimension, clip=lambda p: torch.nn.utils.clip_grad_norm_(p, limit),
                learningRate=rate, numbers={}, clipNorm=limit)


def schedules():
    rate = single(0.1)
    lr = torch.optim.lr_scheduler
    floor = single(0.01)
    for name, scheduler, numbers in [
        ("step", lambda o: lr.StepLR(o, 7, gamma=0.5), {"factor": 0.5, "every": 7}),
        ("exponential", lambda o: lr.ExponentialLR(o, gamma=0.9), {"factor": 0.9, "every": 1}),
        ("cosine", lambda o: lr.CosineAnnealingLR(o, STEPS, eta_min=floor),
         {"floor": floor, "steps": STEPS}),
        ("warm-up", lambda o: lr.LinearLR(o, start_factor=1 / 20, total_iters=19), {"warmUp": 20}),
    ]:
        case(
            name, "sgd", lambda p: torch.optim.SGD(p, lr=rate), scheduler=scheduler,
            learningRate=rate, schedule=name, numbers=numbers)


rules()
sparse()
clipping()
schedules()
path = pathlib.Path(__file__).with_name("torch.json")
path.write_text(json.dumps(CASES) + "\n")
