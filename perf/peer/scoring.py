"""The peer: scores of SNIP, GraSP and SynFlow in PyTorch on the CPU: `python scoring.py LAYOUT`.

A step is a whole scoring, from weights and a batch to one score a kernel weight, as the papers' own code computes it
(claims.md 5 to 7): SNIP one gradient; GraSP one gradient, then a second pass whose gradient is differentiated again;
SynFlow `rounds` rounds of gradient, global threshold and mask. Batch norm: training mode for SNIP and GraSP, evaluation
mode for SynFlow. The protocol is in session.py; LAYOUT is `default` or `channels_last`.
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


def snip(net, work, dtype):
    """|theta * dL/dtheta| on one batch."""
    images, labels = batch_of(work, dtype)
    pruned = kernels(net)

    def scores():
        gradients = torch.autograd.grad(F.cross_entropy(net(images), labels), pruned)
        with torch.no_grad():
            return torch._foreach_abs(torch._foreach_mul(gradients, pruned))

    return scores


def grasp(net, work, dtype):
    """-theta * (H g), by differentiating g.detach() * g; logits divided by 200."""
    images, labels = batch_of(work, dtype)
    pruned = kernels(net)

    def loss():
        return F.cross_entropy(net(images) / GRASP_TEMPERATURE, labels)

    def scores():
        fixed = torch.autograd.grad(loss(), pruned)
        slopes = torch.autograd.grad(loss(), pruned, create_graph=True)
        along = sum((constant * slope).sum() for constant, slope in zip(fixed, slopes))
        curved = torch.autograd.grad(along, pruned)
        with torch.no_grad():
            return torch._foreach_neg(torch._foreach_mul(curved, pruned))

    return scores


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

    def scores():
        with torch.no_grad():
            torch._foreach_copy_(pruned, start)
        for done in range(1, work['rounds'] + 1):
            gradients = torch.autograd.grad(net(ones).sum(), pruned)
            with torch.no_grad():
                found = torch._foreach_mul(gradients, pruned)
                flat = torch.cat([score.flatten() for score in found])
                removed = flat.numel() - round(work['density'] ** (done / work['rounds']) * flat.numel())
                if removed > 0:
                    threshold = torch.kthvalue(flat, removed).values
                    torch._foreach_mul_(pruned, [(score > threshold).to(dtype) for score in found])
        return found

    return scores


METHODS = {'snip': snip, 'grasp': grasp, 'synflow': synflow}


def scoring(work):
    dtype = {'float32': torch.float32, 'float64': torch.float64}[work['precision']]
    net = make(work['model'], LAYOUT, dtype)
    scores = METHODS[work['method']](net, work, dtype)
    return lambda: sum(score.double().sum() for score in scores()), parameter_count(net)


if __name__ == '__main__':
    answer_specs(scoring)
