"""The peer: scores of SNIP, GraSP and SynFlow in PyTorch on the CPU: `python scoring.py LAYOUT`.

A step leads from weights and a batch to the mask that keeps the best scores of all kernel weights together (claims.md 5
to 7): SNIP one gradient; GraSP a gradient that is differentiated again, after a pass for the constant gradient as in its
authors' code (`passes` 2) or without it (1, the same numbers); SynFlow `rounds` rounds. Batch norm: training mode for
SNIP and GraSP, evaluation mode for SynFlow. The protocol is in session.py; LAYOUT is `default` or `channels_last`.
"""
import sys

import torch
from nets import CLASSES, image_shape, kernels, make, parameter_count
from session import answer_specs, layout_of, settle
from torch.nn import functional as F

GRASP_TEMPERATURE = 200

settle()
LAYOUT = layout_of(sys.argv[1:])
FORMAT = torch.channels_last if LAYOUT == 'channels_last' else torch.contiguous_format


def batch_of(work, dtype):
    """Standard normal images, as many of each class."""
    channels, side = image_shape(work['model'])
    images = torch.randn(work['batch'], channels, side, side, dtype=dtype).contiguous(memory_format=FORMAT)
    return images, torch.arange(work['batch']) % CLASSES


def best(scores, density):
    """Masks of the largest; scores that equal the smallest of them may be kept or not."""
    flat = torch.cat([score.flatten() for score in scores])
    removed = flat.numel() - round(density * flat.numel())
    threshold = torch.kthvalue(flat, removed).values if removed > 0 else -torch.inf
    return [(score > threshold).to(score.dtype) for score in scores]


def snip(net, work, dtype):
    """|theta * dL/dtheta| on one batch."""
    images, labels = batch_of(work, dtype)
    pruned = kernels(net)

    def find():
        gradients = torch.autograd.grad(F.cross_entropy(net(images), labels), pruned)
        with torch.no_grad():
            return best(torch._foreach_abs(torch._foreach_mul(gradients, pruned)), work['density'])

    return find


def grasp(net, work, dtype):
    """theta * (H g), by differentiating g.detach() * g; logits divided by 200."""
    images, labels = batch_of(work, dtype)
    pruned = kernels(net)

    def loss():
        return F.cross_entropy(net(images) / GRASP_TEMPERATURE, labels)

    def find():
        fixed = torch.autograd.grad(loss(), pruned) if work['passes'] == 2 else None
        slopes = torch.autograd.grad(loss(), pruned, create_graph=True)
        fixed = fixed or [slope.detach() for slope in slopes]
        along = sum((constant * slope).sum() for constant, slope in zip(fixed, slopes))
        curved = torch.autograd.grad(along, pruned)
        with torch.no_grad():
            return best(torch._foreach_mul(curved, pruned), work['density'])

    return find


def synflow(net, work, dtype):
    """|theta| * dR/d|theta|, R the sum of the outputs for an input of ones; the densities fall exponentially."""
    net.eval()
    channels, side = image_shape(work['model'])
    ones = torch.ones(1, channels, side, side, dtype=dtype).contiguous(memory_format=FORMAT)
    pruned = kernels(net)
    with torch.no_grad():
        for tensor in net.state_dict().values():
            tensor.abs_()
    start = [kernel.detach().clone() for kernel in pruned]

    def find():
        with torch.no_grad():
            torch._foreach_copy_(pruned, start)
        for done in range(1, work['rounds'] + 1):
            gradients = torch.autograd.grad(net(ones).sum(), pruned)
            with torch.no_grad():
                masks = best(torch._foreach_mul(gradients, pruned), work['density'] ** (done / work['rounds']))
                torch._foreach_mul_(pruned, masks)
        return masks

    return find


METHODS = {'snip': snip, 'grasp': grasp, 'synflow': synflow}


def scoring(work):
    dtype = {'float32': torch.float32, 'float64': torch.float64}[work['precision']]
    net = make(work['model'], LAYOUT, dtype)
    find = METHODS[work['method']](net, work, dtype)
    wanted = work['density'] * sum(kernel.numel() for kernel in kernels(net))

    def step():
        masks = find()
        # Equal scores at the threshold, and scores of zero, may cost a few weights.
        kept = sum(int(mask.sum()) for mask in masks)
        return kept if abs(kept - wanted) <= 0.01 * wanted + 1 else float('nan')

    return step, parameter_count(net)


if __name__ == '__main__':
    answer_specs(scoring)
