"""Compares an exported ONNX model with PyTorch, from nothing but the two files (docs/tickets.md).

    tickets find --method snip --density 0.05 --out ticket.safetensors
    tickets export ticket.safetensors --batch 8 --out ticket.onnx
    python check_export.py ticket.safetensors ticket.onnx

The model must pass ONNX's checker, shapes included, have no op outside of ONNX's own domain, hold every parameter under its
name, and give PyTorch's logits on random images to 1e-5 of the largest, both by ONNX Runtime and by ONNX's reference
implementation. Networks: those of check_ticket.py.
"""
import json
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from onnx.reference import ReferenceEvaluator
from safetensors import safe_open

from check_ticket import network, part


def main(ticket, path):
    with safe_open(ticket, framework='pt') as file:
        head = json.loads(file.metadata()['ticket'])
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    masks = part(tensors, 'mask.')
    initial = part(tensors, 'initial.') or {n: t for n, t in tensors.items() if n.split('.')[0] not in ('mask', 'scores', 'batch', 'optimizer')}
    weights = {name: tensor * masks[name] if name in masks else tensor for name, tensor in initial.items()}

    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    domains = {node.domain for node in model.graph.node} | {opset.domain for opset in model.opset_import}
    if domains != {''}:
        sys.exit(f'{path} has ops of {sorted(domains)}')
    held = {initializer.name for initializer in model.graph.initializer}
    if not set(weights) <= held:
        sys.exit(f'{path} lacks the weights {sorted(set(weights) - held)}')
    [images] = model.graph.input
    shape = [side.dim_value for side in images.type.tensor_type.shape.dim]
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)

    expected = network(head['config'])(weights, torch.from_numpy(x), False).detach().numpy()
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    found = {'onnxruntime': session.run(None, {images.name: x})[0], 'reference': ReferenceEvaluator(model).run(None, {images.name: x})[0]}
    errors = {name: float(np.abs(logits - expected).max() / np.abs(expected).max()) for name, logits in found.items()}
    print(json.dumps({'file': path, 'model': head['model'], 'nodes': len(model.graph.node), 'errors': errors}))
    if max(errors.values()) > 1e-5:
        sys.exit(f'{path} gives other logits than PyTorch')


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
