"""The peer: LeNet-300-100 with fused Adam in PyTorch on the CPU, as fast as we know to write it.

Reads one JSON spec a line from standard input ({"work": {"batch", "masked", "examples"}, "steps", "repeats"})
and answers with one JSON line
({"steps_per_second": [...], "version", "peak_mb"}). Data are synthetic uint8 images, gathered and scaled in each step
like ours; validation is not part of it. Threads: OMP_NUM_THREADS, set by the caller.
"""
import json
import resource
import sys
import time

import torch

torch.set_num_threads(int(__import__('os').environ.get('OMP_NUM_THREADS', '1')))
torch.set_flush_denormal(True)  # as ours; without it PyTorch loses up to a tenth
torch.manual_seed(0)


def make(masked, examples):
    images = torch.randint(0, 256, (examples, 784), dtype=torch.uint8)
    labels = torch.randint(0, 10, (examples,))
    sizes = [784, 300, 100, 10]
    layers = [torch.nn.Linear(i, o) for i, o in zip(sizes, sizes[1:])]
    net = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    optimizer = torch.optim.Adam(net.parameters(), lr=1.2e-3, fused=True)
    kernels = [layer.weight for layer in layers]
    masks = [(torch.rand_like(w) < 0.2).float() for w in kernels] if masked else None
    if masked:
        with torch.no_grad():
            torch._foreach_mul_(kernels, masks)

    def step(order):
        x = images[order].float().mul_(1 / 255)
        loss = torch.nn.functional.cross_entropy(net(x), labels[order])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if masked:
            torch._foreach_mul_([w.grad for w in kernels], masks)
        optimizer.step()

    return step


made = {}
for line in sys.stdin:
    spec = json.loads(line)
    work = spec['work']
    key = (work['masked'], work['examples'])
    if key not in made:
        made[key] = make(*key)
    step = made[key]
    rates = []
    for _ in range(spec['repeats']):
        order = torch.randperm(work['examples'])[: spec['steps'] * work['batch'] % work['examples'] or work['examples']]
        batches = order.split(work['batch'])
        began = time.perf_counter()
        for i in range(spec['steps']):
            step(batches[i % (len(batches) - 1)])
        rates.append(spec['steps'] / (time.perf_counter() - began))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({'steps_per_second': rates, 'version': f'torch {torch.__version__}', 'peak_mb': peak}), flush=True)
