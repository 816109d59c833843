"""Small networks in PyTorch, float64, with weights and images made by integer formulas that TypeScript has too.

The counterpart is packages/core/src/testing/patterned.ts. Parameters are in the layouts of winning-tickets (kernels
[in, out] and [height, width, in, out]), so that gradients come out in them.
"""
import math

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
EXAMPLES, CLASSES = 12, 3


def pattern(count, salt):
    i = torch.arange(count, dtype=torch.int64)
    return ((i * 7919 + salt * 10007 + 13 * i * i) % 2003).double() / 1001 - 1


class Net:
    """Makes parameters in the order in which `forward` first asks for them; runs batch norm by the batch or not."""

    def __init__(self, shape, forward):
        self.shape, self.forward, self.p, self.specs, self.training = shape, forward, {}, [], False
        self(torch.ones(2, *shape, dtype=torch.double))

    def __call__(self, x, training=False):
        self.training = training
        return self.forward(self, x)

    def get(self, name, shape, fan_in=1):
        if name not in self.p:
            role = name.rsplit('.', 1)[1]
            u = pattern(math.prod(shape), len(self.p))
            value = {'kernel': u / math.sqrt(fan_in), 'scale': 1 + 0.3 * u, 'variance': 1 + 0.5 * u}.get(role, 0.1 * u)
            self.p[name] = value.float().double().reshape(shape).requires_grad_(role == 'kernel')
            self.specs.append([name, list(shape)])
        return self.p[name]

    def kernels(self):
        return {n: t for n, t in self.p.items() if n.endswith('.kernel')}

    def dense(self, name, x, out):
        return x @ self.get(f'{name}.kernel', (x.shape[1], out), x.shape[1]) + self.get(f'{name}.bias', (out,))

    def conv(self, name, x, out, size=3, stride=1, bias=False):
        k = self.get(f'{name}.kernel', (size, size, x.shape[1], out), size * size * x.shape[1])
        y = F.conv2d(x, k.permute(3, 2, 0, 1), stride=stride, padding=(size - 1) // 2)
        return y + self.get(f'{name}.bias', (out,)).reshape(1, -1, 1, 1) if bias else y

    def norm(self, name, x):
        scale, shift, mean, var = (self.get(f'{name}.{r}', (x.shape[1],)) for r in ('scale', 'shift', 'mean', 'variance'))
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        c = lambda t: t.reshape(1, -1, 1, 1)
        return (x - c(mean)) / torch.sqrt(c(var) + 1e-5) * c(scale) + c(shift)


def mlp(net, x):
    x = torch.relu(net.dense('fc1', x, 7))
    x = torch.relu(net.dense('fc2', x, 5))
    return net.dense('fc3', x, CLASSES)


def conv_2(net, x):
    for name in ('conv1', 'conv2'):
        x = torch.relu(net.conv(name, x, 4, bias=True))
    x = F.max_pool2d(x, 2).permute(0, 2, 3, 1).flatten(1)
    for name in ('fc1', 'fc2'):
        x = torch.relu(net.dense(name, x, 16))
    return net.dense('fc3', x, CLASSES)


def resnet_8(net, x):
    x = torch.relu(net.norm('bn1', net.conv('conv1', x, 2)))
    for stage, channels in enumerate((2, 4, 8), 1):
        b, stride = f'stage{stage}.block1', 1 if stage == 1 else 2
        y = torch.relu(net.norm(f'{b}.bn1', net.conv(f'{b}.conv1', x, channels, stride=stride)))
        y = net.norm(f'{b}.bn2', net.conv(f'{b}.conv2', y, channels))
        if stage > 1:
            x = net.norm(f'{b}.shortcut-bn', net.conv(f'{b}.shortcut', x, channels, size=1, stride=stride))
        x = torch.relu(x + y)
    return net.dense('fc', x.mean((2, 3)), CLASSES)


def nets():
    """Inputs are channels first here."""
    return {
        'lenet-300-100': Net((6,), mlp),
        'conv-2': Net((1, 6, 6), conv_2),
        'resnet-8': Net((2, 8, 8), resnet_8),
    }


def data(shape):
    """Images [n, ...shape] as the model sees them, from bytes of channels-last order, and labels 0 1 2 0 1 2 ..."""
    size = math.prod(shape)
    i = torch.arange(EXAMPLES * size, dtype=torch.int64)
    images = ((i * 31 + i * i % 251 * 7) % 256).double() / 255
    if len(shape) == 3:
        images = images.reshape(EXAMPLES, *shape[1:], shape[0]).permute(0, 3, 1, 2)
    return images.reshape(EXAMPLES, *shape), torch.arange(EXAMPLES) % CLASSES


def relative(scores):
    """Scores by name as fractions of the largest, with the largest."""
    largest = max(s.abs().max().item() for s in scores.values())
    return {
        'largest': largest,
        'scores': {name: [float(f'{v:.10g}') for v in (s / largest).flatten().tolist()] for name, s in scores.items()},
    }
