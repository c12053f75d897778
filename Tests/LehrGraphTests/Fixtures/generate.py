"""Writes torch.json: every operation of the compute graph with PyTorch's values and gradients.

Run `python generate.py` beside this file with torch installed; the seed is fixed, so the result only
changes when a case does. Each case is computed in double precision from weights that are exact in
single precision.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(20)
torch.set_num_threads(1)


def tensor(rows, columns, scale=1.0):
    return (torch.randn(rows, columns) * scale).double()


def plain(value):
    value = value.detach()
    return {"rows": value.shape[0], "columns": value.shape[1], "values": value.flatten().tolist()}


def entries(count, rows):
    sizes = torch.randint(0, 5, (count,)).tolist()
    return [torch.randint(0, rows, (size,)).tolist() for size in sizes]


def pooled(table, lists, pooling, weights=None):
    result, position = [], 0
    for rows in lists:
        part = table[rows] if rows else torch.zeros(0, table.shape[1], dtype=table.dtype)
        if pooling == "weighted" and weights is not None:
            part = part * weights[position:position + len(rows), None]
        position += len(rows)
        total = part.sum(0)
        result.append(total / max(len(rows), 1) if pooling == "mean" else total)
    return torch.stack(result)


def in_batch(users, items, ids, offsets, positive):
    scores = users @ items.T - offsets.T
    hits = ids[:, None] == ids[None, :]
    own = torch.eye(len(ids), dtype=torch.bool)
    scores = scores.masked_fill(hits & ~own, -torch.inf)
    scores = torch.where(own, (users * items).sum(1, keepdim=True) - positive, scores)
    return F.cross_entropy(scores, torch.arange(len(ids)))


def sampled(users, items, negatives, ids, offsets, positive):
    own, others = ids[:len(items)], ids[len(items):]
    scores = users @ negatives.T - offsets.T
    scores = scores.masked_fill(own[:, None] == others[None, :], -torch.inf)
    first = (users * items).sum(1, keepdim=True) - positive
    scores = torch.cat([first, scores], 1)
    return F.cross_entropy(scores, torch.zeros(len(items), dtype=torch.long))


CASES = []


def case(operation, parameters, compute, constants={}, **rest):
    for value in parameters.values():
        value.requires_grad_()
    output = compute(parameters, constants)
    is_loss = output.dim() == 0
    mix = None if is_loss else torch.randn(output.shape).double()
    loss = output if is_loss else (output * mix).sum()
    loss.backward()
    CASES.append({
        "operation": operation, "columns": {}, "weights": [], "identities": [],
        "transposeLeft": False, "transposeRight": False, "number": 0, **rest,
        "parameters": {name: plain(value) for name, value in parameters.items()},
        "constants": {name: plain(value) for name, value in constants.items()},
        **({} if is_loss else {"mix": plain(mix)}),
        "output": output.detach().flatten().tolist(), "loss": loss.item(),
        "gradients": {name: value.grad.flatten().tolist() for name, value in parameters.items()},
    })


def lookups():
    for pooling in ["sum", "mean", "weighted"]:
        lists = entries(9, 6)
        weights = torch.randn(sum(map(len, lists))).double() if pooling == "weighted" else None
        case(f"lookup-{pooling}", {"table": tensor(6, 5)},
             lambda p, c: pooled(p["table"], lists, pooling, weights),
             columns={"entries": lists}, weights=[] if weights is None else weights.tolist())


def layers():
    for left in [False, True]:
        for right in [False, True]:
            a = tensor(5, 4) if not left else tensor(4, 5)
            b = tensor(4, 7) if not right else tensor(7, 4)
            case("matmul", {"a": a, "b": b},
                 lambda p, c: (p["a"].T if left else p["a"]) @ (p["b"].T if right else p["b"]),
                 transposeLeft=left, transposeRight=right)
    two = {"a": tensor(6, 33), "b": tensor(6, 33)}
    case("bias-add", {"a": tensor(6, 5), "b": tensor(1, 5)}, lambda p, c: p["a"] + p["b"])
    case("add", {k: v.clone() for k, v in two.items()}, lambda p, c: p["a"] + p["b"])
    case("row-dot", {k: v.clone() for k, v in two.items()},
         lambda p, c: (p["a"] * p["b"]).sum(1, keepdim=True))
    case("concat", {"a": tensor(4, 3), "b": tensor(4, 1), "c": tensor(4, 5)},
         lambda p, c: torch.cat([p["a"], p["b"], p["c"]], 1))
    case("scale", {"a": tensor(3, 5)}, lambda p, c: 0.375 * p["a"], number=0.375)
    case("relu", {"a": tensor(5, 21)}, lambda p, c: F.relu(p["a"]))
    case("sigmoid", {"a": tensor(5, 21, 4)}, lambda p, c: torch.sigmoid(p["a"]))
    case("tanh", {"a": tensor(5, 21, 2)}, lambda p, c: torch.tanh(p["a"]))
    for epsilon in [1e-12, 2.0]:
        case("normalize", {"a": tensor(9, 5)},
             lambda p, c: F.normalize(p["a"], dim=1, eps=epsilon), number=epsilon)


def losses():
    targets = torch.randint(0, 2, (11, 1)).double()
    case("bce", {"a": tensor(11, 1, 6)},
         lambda p, c: F.binary_cross_entropy_with_logits(p["a"], c["targets"]),
         {"targets": targets})
    lists = entries(11, 8)
    weights = torch.randn(sum(map(len, lists))).double()
    case("logistic", {"table": tensor(8, 1), "bias": tensor(1, 1)},
         lambda p, c: F.binary_cross_entropy_with_logits(
             pooled(p["table"], lists, "weighted", weights) + p["bias"], c["targets"]),
         {"targets": targets}, columns={"entries": lists}, weights=weights.tolist())
    for rows in [7, 37]:
        ids = torch.randint(0, 5 * rows // 4, (rows,))
        case("in-batch", {"users": tensor(rows, 5), "items": tensor(rows, 5)},
             lambda p, c: in_batch(p["users"], p["items"], ids, c["offsets"],
                                   c["positive-offsets"]),
             {"offsets": tensor(rows, 1), "positive-offsets": tensor(rows, 1)},
             identities=ids.tolist())
        ids = torch.randint(0, 12, (rows + 20,))
        case("sampled",
             {"users": tensor(rows, 5), "items": tensor(rows, 5), "negatives": tensor(20, 5)},
             lambda p, c: sampled(p["users"], p["items"], p["negatives"], ids, c["offsets"],
                                  c["positive-offsets"]),
             {"offsets": tensor(20, 1), "positive-offsets": tensor(rows, 1)},
             identities=ids.tolist())


def two_towers():
    batch, width, hidden, scale = 10, 4, 6, 2.5
    users = [rows or [0] for rows in entries(batch, 5)]
    items = torch.randint(0, 6, (batch,))
    negatives = torch.randint(0, 6, (8,))
    for loss in ["in-batch", "sampled", "bce"]:
        parameters = {"user": tensor(5, width), "item": tensor(6, width),
                      "item-bias": tensor(6, 1)}
        for tower in ["user", "item"]:
            parameters |= {f"{tower}/0/weight": tensor(width, hidden),
                           f"{tower}/0/bias": tensor(1, hidden),
                           f"{tower}/1/weight": tensor(hidden, width),
                           f"{tower}/1/bias": tensor(1, width)}
        constants = {"positive-offsets": tensor(batch, 1),
                     "offsets": tensor(8 if loss == "sampled" else batch, 1)}
        if loss == "bce":
            constants = {"targets": torch.randint(0, 2, (batch, 1)).double()}

        def compute(p, c):
            def tower(name, x):
                x = torch.tanh(x @ p[f"{name}/0/weight"] + p[f"{name}/0/bias"])
                return F.normalize(x @ p[f"{name}/1/weight"] + p[f"{name}/1/bias"], dim=1)
            u = scale * tower("user", pooled(p["user"], users, "mean"))
            u = torch.cat([u, torch.ones(batch, 1).double()], 1)
            v = torch.cat([tower("item", p["item"]), p["item-bias"]], 1)
            if loss == "bce":
                return F.binary_cross_entropy_with_logits(
                    (u * v[items]).sum(1, keepdim=True), c["targets"])
            if loss == "sampled":
                return sampled(u, v[items], v[negatives], torch.cat([items, negatives]),
                               c["offsets"], c["positive-offsets"])
            return in_batch(u, v[items], items, c["offsets"], c["positive-offsets"])

        columns = {"user": users, "item": [[i] for i in items.tolist()]}
        ids = items.tolist()
        if loss == "sampled":
            columns["negative"] = [[i] for i in negatives.tolist()]
            ids = ids + negatives.tolist()
        case(f"two-tower-{loss}", parameters, compute, constants, columns=columns,
             identities=ids, number=scale)


lookups()
layers()
losses()
two_towers()
text = json.dumps(CASES, indent=None, separators=(",", ":")).replace('},{"operation"', '},\n{"operation"')
pathlib.Path(__file__).with_name("torch.json").write_text(text + "\n")
print(len(CASES), "cases")
