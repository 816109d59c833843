"""The peer: training steps and inference of convolutional networks in PyTorch on the CPU: `python conv.py LAYOUT`.

LAYOUT is `default` (NCHW) or `channels_last`. Data are synthetic uint8 images that stay in memory in that layout and are
gathered and scaled in each step, as ours; no augmentation. The protocol is in session.py.
"""
import sys

import torch
from nets import CLASSES, image_shape, kernels, make, parameter_count
from session import answer_specs, layout_of, settle

settle()
LAYOUT = layout_of(sys.argv[1:])


def synthetic(name, examples):
    """Bytes [examples, channels, side, side]; in channels_last the channels are innermost in memory."""
    channels, side = image_shape(name)
    if LAYOUT == 'channels_last':
        return torch.randint(0, 256, (examples, side, side, channels), dtype=torch.uint8).permute(0, 3, 1, 2)
    return torch.randint(0, 256, (examples, channels, side, side), dtype=torch.uint8)


def gathered(images, order):
    """The chosen images, with channels innermost if they were so."""
    if LAYOUT == 'channels_last':
        return images.permute(0, 2, 3, 1)[order].permute(0, 3, 1, 2)
    return images[order]


def optimizer_of(net, rule):
    if rule['name'] == 'adam':
        return torch.optim.Adam(net.parameters(), lr=rule['learningRate'], fused=True)
    return torch.optim.SGD(net.parameters(), lr=rule['learningRate'], momentum=rule['momentum'], fused=True)


def training(work):
    net = make(work['model'], LAYOUT)
    optimizer = optimizer_of(net, work['optimizer'])
    images = synthetic(work['model'], work['examples'])
    labels = torch.randint(0, CLASSES, (work['examples'],))
    pruned = kernels(net)
    masks = [(torch.rand_like(kernel) < 0.2).float() for kernel in pruned] if work['masked'] else None
    if masks:
        with torch.no_grad():
            torch._foreach_mul_(pruned, masks)
    batches = iter(())

    def step():
        nonlocal batches
        order = next(batches, None)
        if order is None or len(order) < work['batch']:
            batches = iter(torch.randperm(work['examples']).split(work['batch']))
            order = next(batches)
        x = gathered(images, order).float().mul_(1 / 255)
        loss = torch.nn.functional.cross_entropy(net(x), labels[order])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if masks:
            torch._foreach_mul_([kernel.grad for kernel in pruned], masks)
        optimizer.step()
        return loss.detach()

    return step, parameter_count(net)


def inference(work):
    net = make(work['model'], LAYOUT).eval()
    images = synthetic(work['model'], work['examples'])
    batch, at = work['batch'], 0

    @torch.inference_mode()
    def step():
        nonlocal at
        if at + batch > work['examples']:
            at = 0
        x = images[at : at + batch].float().mul_(1 / 255)
        at += batch
        return net(x)[0, 0]

    return step, parameter_count(net)


if __name__ == '__main__':
    answer_specs(lambda work: {'train': training, 'infer': inference}[work['task']](work))
