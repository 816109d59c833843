"""Computes the mask of a ticket again with PyTorch, from nothing but the ticket's file (docs/tickets.md).

    tickets find --method snip --density 0.05 --save-scoring-batch --out ticket.safetensors
    python check_ticket.py ticket.safetensors ...

Reads the file with Python's safetensors, builds the network from its metadata, and says what it found, one JSON line a file.

Of SNIP and GraSP it takes the scores of the initial weights on the saved batch in float64. The exit code is 1 unless

- the mask is the top K of the file's own scores, and K = round(density * N),
- these scores are as near to float64 as PyTorch's own single precision is: at most twice its error, or 1e-4 of the largest
  score. In a deep network single precision errs by more than rounding: where a ReLU or a maximum lies within rounding of its
  kink, it takes the other side;
- the mask differs from PyTorch's by at most 1% of K, and only at scores that near to the threshold.

Of SynFlow, which needs no batch, it goes through all rounds in float64. The exit code is 1 unless K is right, the mask is the
top K of the file's own scores, PyTorch's scores of the last round are the same but for one factor, and so is its mask, to the
last weight. That includes weights that no path leads through, which are kept where there are no others: ties go to the lower
index, parameters in the model's order. `cutInRound` is the round after which no path was left, if there is one.

With `selection=threshold`, the authors' rule, `kthvalue` and `topk` choose as in their code, instead of the top K.

Methods: snip and grasp, one round, with the weights that are trained; synflow in doubles. Networks: lenet-300-100, lenet-5-caffe,
conv-2/4/6, VGG, ResNets with projections.
"""
import json
import re
import sys

import torch
from safetensors import safe_open
from torch.nn import functional as F

# Of the largest score: what single precision may always err by, and what a hundred layers of doubles may.
TOLERANCE = 1e-4
FLOW_TOLERANCE = 1e-10


def main(paths):
    if not paths:
        sys.exit(__doc__)
    for path in paths:
        print(json.dumps(check(path)))


def check(path):
    with safe_open(path, framework='pt') as file:
        head = json.loads(file.metadata()['ticket'])
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    initial = part(tensors, 'initial.')
    masks = part(tensors, 'mask.')
    scores = part(tensors, 'scores.')
    method = head['provenance'].get('method')
    options = {'prunable': head['prunable'], **head['provenance'].get('options', {})}
    check_options(path, method, options)
    if method == 'synflow':
        return check_flow(path, head, initial, masks, scores)
    if 'batch.images' not in tensors:
        sys.exit(f'{path} has no scoring batch: find it again with --save-scoring-batch')

    forward = network(head['config'])
    flat = lambda tree: torch.cat([tree[name].double().reshape(-1) for name in masks])
    mask, given = flat(masks).bool(), flat(scores)

    def ours(precision):
        weights = {name: tensor.to(precision) for name, tensor in initial.items()}
        inputs, labels = tensors['batch.images'].to(precision), tensors['batch.labels'].long()
        logits = lambda w: forward(w, inputs, options['batchNorm'] == 'train') / options.get('temperature', 1)
        return flat(score(method, weights, masks.keys(), lambda w: F.cross_entropy(logits(w), labels)))

    expected, single = ours(torch.float64), ours(torch.float32)
    most = expected.abs().max()
    error = float((given - expected).abs().max() / most)
    own = float((single - expected).abs().max() / most)
    allowed = max(TOLERANCE, 2 * own)

    kept, total = int(mask.sum()), mask.numel()
    # Against PyTorch's: only scores that rounding cannot tell from the threshold may be on the other side of it.
    threshold = expected.sort(descending=True).values[kept - 1]
    differ = mask != (expected >= threshold)
    far = int((differ & ((expected - threshold).abs() > allowed * most)).sum())
    result = {
        'file': path, 'method': method, 'model': head['model'], 'kept': kept, 'of': total,
        'scoreError': error, 'errorOfTorchFloat32': own, 'masksDiffer': int(differ.sum()), 'beyondRounding': far,
    }
    if options.get('selection') == 'threshold':
        # GraSP's authors: S = -scores of the weights to go, the largest first; what is no larger than the last of them stays.
        removed = int((1 - options['density']) * total)
        left = -given <= (-given).topk(removed).values[-1] if removed else torch.ones_like(mask)
        if bool((mask != left).any()):
            sys.exit(f'{result}: the mask is not what the threshold of the scores in the file leaves')
    elif kept != rounded(options['density'] * total):
        sys.exit(f'{result}: K is not round(density * N)')
    if not ordered(given, mask):
        sys.exit(f'{result}: the mask is not the top K of the scores in the file')
    if error > allowed or far or int(differ.sum()) > max(2, kept // 100):
        sys.exit(f'{result}: PyTorch has other scores')
    return result


def check_flow(path, head, initial, given, scores):
    """SynFlow's Algorithm 1, unscaled: its numbers stay within doubles for the networks that this script knows."""
    options = head['provenance']['options']
    forward = network(head['config'])
    ones = torch.ones([1, *head['config']['inputShape']], dtype=torch.float64)
    weights = {name: tensor.double() for name, tensor in initial.items()}
    magnitudes = {name: w if name.endswith(('.mean', '.variance')) else w.abs() for name, w in weights.items()}
    names = sorted(given, key=place)
    flat = lambda tree: torch.cat([tree[name].double().reshape(-1) for name in names])

    def flow(mask):
        parts = mask.double().split([given[name].numel() for name in names])
        masked = {n: (magnitudes[n] * m.reshape(given[n].shape)).requires_grad_() for n, m in zip(names, parts)}
        output = forward({**magnitudes, **masked}, ones, False).sum()
        gradients = torch.autograd.grad(output, [masked[name] for name in names])
        return flat({name: (masked[name] * gradient).detach() for name, gradient in zip(names, gradients)})

    mask = torch.ones(sum(part.numel() for part in given.values()), dtype=torch.bool)
    total = mask.numel()
    cut = None
    for done in range(1, options['rounds'] + 1):
        expected = flow(mask)
        if cut is None and not expected.any():
            cut = done - 1
        density = options['density'] ** (done / options['rounds'])
        if options.get('selection') == 'threshold':
            # SynFlow's authors: of all weights, also those that are masked and score 0.
            removed = int((1 - density) * total)
            mask = expected > expected.kthvalue(removed).values if removed else mask
        else:
            mask = best(torch.where(mask, expected, -1), rounded(total * density))
    if cut is None and not flow(mask).any():
        cut = options['rounds']

    found, own = flat(given).bool(), flat(scores)
    unit = lambda values: values / values.max().clamp(min=torch.finfo(torch.float64).tiny)
    result = {
        'file': path, 'method': 'synflow', 'model': head['model'], 'kept': int(found.sum()), 'of': total,
        'scoreError': float((unit(own) - unit(expected)).abs().max()), 'masksDiffer': int((mask != found).sum()),
        'cutInRound': cut, 'emptyLayers': [name for name in names if not given[name].any()],
    }
    if options.get('selection') != 'threshold' and result['kept'] != rounded(options['density'] * total):
        sys.exit(f'{result}: K is not round(density * N)')
    if not ordered(own, found):
        sys.exit(f'{result}: the mask is not the top K of the scores in the file')
    if result['scoreError'] > FLOW_TOLERANCE or result['masksDiffer']:
        sys.exit(f'{result}: PyTorch finds another mask or other scores')
    return result


def place(name):
    """Sorts parameters in the order of the model: by number, the dense layers last."""
    return name.startswith('fc'), [int(part) if part.isdigit() else part for part in re.split(r'(\d+)', name)]


def best(scores, count):
    """The top `count`; of ties the first."""
    threshold = scores.topk(count).values[-1] if count else float('inf')
    chosen = scores > threshold
    chosen[(scores == threshold).nonzero()[: count - int(chosen.sum()), 0]] = True
    return chosen


def ordered(scores, mask):
    """Whether nothing that was cut is above what was kept."""
    return bool(mask.all()) or not mask.any() or bool(scores[mask].min() >= scores[~mask].max())


def rounded(x):
    return int(x + 0.5)


def part(tensors, prefix):
    return {name[len(prefix):]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def check_options(path, method, options):
    once = {'rounds': 1, 'scope': 'global', 'batches': 1}
    known = {
        'snip': once | {'scored': 'trained'},
        'grasp': once | {'rank': 'signed', 'dense': 'trained', 'halves': False},
        'synflow': {'scope': 'global', 'precision': 'float64', 'prunable': 'kernels'},
    }
    if method not in known:
        sys.exit(f'{path} is by {method}: this script knows {", ".join(known)}')
    other = {key: options.get(key) for key, value in known[method].items() if options.get(key) != value}
    if other:
        sys.exit(f'{path} is by {method} with {other}: this script knows it with {known[method]}')


def score(method, weights, names, loss):
    """SNIP: |theta dL/dtheta|. GraSP: theta H g, the larger the better to keep (its S = -theta H g removes the highest)."""
    names = list(names)
    leaves = [weights[name].clone().requires_grad_() for name in names]
    value = loss({**weights, **dict(zip(names, leaves))})
    gradients = torch.autograd.grad(value, leaves, create_graph=method == 'grasp')
    if method == 'snip':
        return {n: (leaf * g).abs().detach() for n, leaf, g in zip(names, leaves, gradients)}
    product = sum((g * g.detach()).sum() for g in gradients)
    return {n: (leaf * h).detach() for n, leaf, h in zip(names, leaves, torch.autograd.grad(product, leaves))}


def network(config):
    """A function of (weights, images [n, height, width, channels] or [n, elements], training) that gives logits."""
    name = config['name']
    if name == 'lenet-300-100':
        return lambda w, x, _: dense_layers(w, x.reshape(len(x), -1), len(config['hidden']) + 1)
    if name == 'lenet-5-caffe':
        return lambda w, x, _: lenet5(w, x)
    if name.startswith('conv-'):
        return lambda w, x, _: conv_net(w, x, int(name[5:]))
    if name.startswith('vgg-'):
        return lambda w, x, training: vgg(w, x, int(name[4:]), config['batchNorm'], training)
    if name.startswith('resnet-') and config['shortcut'] == 'projection':
        return resnet
    sys.exit(f'this script does not know the network {name}')


def conv(w, name, x, padding, stride=1):
    """Kernels are [height, width, in, out]; PyTorch has [out, in, height, width]."""
    kernel = w[f'{name}.kernel'].permute(3, 2, 0, 1)
    return F.conv2d(x, kernel, w.get(f'{name}.bias'), padding=padding, stride=stride)


def batch_norm(w, name, x, training):
    statistics = [w[f'{name}.{part}'].clone() for part in ('mean', 'variance')]
    return F.batch_norm(x, *statistics, w[f'{name}.scale'], w[f'{name}.shift'], training, eps=1e-5)


def dense(w, name, x):
    """Kernels are [in, out]; PyTorch has [out, in]."""
    return F.linear(x, w[f'{name}.kernel'].T, w[f'{name}.bias'])


def dense_layers(w, x, count):
    for i in range(1, count + 1):
        x = dense(w, f'fc{i}', x)
        if i < count:
            x = F.relu(x)
    return x


def images(x):
    return x.permute(0, 3, 1, 2)


def flatten(x):
    """Height, width, channels: the order in which the first dense layer counts its inputs."""
    return x.permute(0, 2, 3, 1).reshape(len(x), -1)


def lenet5(w, x):
    x = F.max_pool2d(conv(w, 'conv1', images(x), 0), 2)
    x = F.max_pool2d(conv(w, 'conv2', x, 0), 2)
    return dense_layers(w, flatten(x), 2)


def conv_net(w, x, convolutions):
    x = images(x)
    for i in range(1, convolutions + 1):
        x = F.relu(conv(w, f'conv{i}', x, 1))
        if i % 2 == 0:
            x = F.max_pool2d(x, 2)
    return dense_layers(w, flatten(x), 3)


BLOCKS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def vgg(w, x, depth, normalised, training):
    x = images(x)
    number = 0
    for block, convolutions in enumerate(BLOCKS[depth]):
        if block > 0:
            x = F.max_pool2d(x, 2)
        for _ in range(convolutions):
            number += 1
            x = conv(w, f'conv{number}', x, 1)
            if normalised:
                x = batch_norm(w, f'bn{number}', x, training)
            x = F.relu(x)
    return dense(w, 'fc', x.mean((2, 3)))


def resnet(w, x, training):
    """Stages and blocks are those that have kernels; all stages but the first begin with stride 2."""
    x = F.relu(batch_norm(w, 'bn1', conv(w, 'conv1', images(x), 1), training))
    stage = block = 1
    while (name := f'stage{stage}.block{block}') + '.conv1.kernel' in w:
        stride = 2 if stage > 1 and block == 1 else 1
        h = F.relu(batch_norm(w, f'{name}.bn1', conv(w, f'{name}.conv1', x, 1, stride), training))
        h = batch_norm(w, f'{name}.bn2', conv(w, f'{name}.conv2', h, 1), training)
        if stride == 2:
            x = batch_norm(w, f'{name}.shortcut-bn', conv(w, f'{name}.shortcut', x, 0, stride), training)
        x = F.relu(x + h)
        stage, block = (stage, block + 1) if f'stage{stage}.block{block + 1}.conv1.kernel' in w else (stage + 1, 1)
    return dense(w, 'fc', x.mean((2, 3)))


if __name__ == '__main__':
    main(sys.argv[1:])
