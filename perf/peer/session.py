"""What the peer's scripts have in common: settings of PyTorch, and the protocol with perf/src/side.ts.

A script reads one JSON spec a line from standard input and answers with one JSON line. Threads: OMP_NUM_THREADS, set by
the caller.
"""
import json
import math
import os
import resource
import sys
import time

import torch


def settle():
    """As fast as we know to set it up, and the same numbers each time."""
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', '1')))
    torch.set_flush_denormal(True)  # as ours; without it PyTorch loses up to a tenth
    torch.manual_seed(0)


def layout_of(arguments):
    layout = arguments[0] if arguments else 'default'
    if layout not in ('default', 'channels_last'):
        sys.exit(f'There is no layout {layout!r}; give default or channels_last.')
    return layout


def answer_specs(make_run):
    """`make_run(spec)` gives a pair: a function that does one step, and the number of trained parameters. The step gives
    a number (a loss, a mean logit, a score's sum) that must stay finite."""
    made = {}
    for line in sys.stdin:
        spec = json.loads(line)
        key = json.dumps(spec['work'], sort_keys=True)
        if key not in made:
            made[key] = make_run(spec['work'])
        step, parameters = made[key]
        rates = []
        for _ in range(spec['repeats']):
            began = time.perf_counter()
            for _ in range(spec['steps']):
                check = step()
            rates.append(spec['steps'] / (time.perf_counter() - began))
        if not math.isfinite(float(check)):
            sys.exit(f'a step gave {float(check)}, so its time means nothing')
        answer = {
            'steps_per_second': rates,
            'version': f'torch {torch.__version__}',
            'peak_mb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            'parameters': parameters,
        }
        print(json.dumps(answer), flush=True)
