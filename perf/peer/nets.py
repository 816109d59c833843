"""The peer's networks: those of packages/core/src/models, written as one writes them in PyTorch.

Every network takes images [batch, channels, side, side] and gives logits [batch, 10]. `SIDES` has the image shapes.
"""
import torch
from torch import nn
from torch.nn import functional as F

CLASSES = 10
SIDES = {'lenet-5-caffe': (1, 28)}
RGB = (3, 32)


def image_shape(name):
    """Channels and side."""
    return SIDES.get(name, RGB)


def relu():
    return nn.ReLU(inplace=True)


class Mean(nn.Module):
    """The mean over the image: a vector."""

    def forward(self, x):
        return x.mean((2, 3))


def conv3(inputs, outputs, stride=1, bias=False):
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=bias)


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(800, 500), relu(), nn.Linear(500, CLASSES),
    )


def conv4():
    layers, inputs = [], 3
    for channels in (64, 128):
        for _ in range(2):
            layers += [conv3(inputs, channels, bias=True), relu()]
            inputs = channels
        layers.append(nn.MaxPool2d(2))
    dense = [nn.Linear(8 * 8 * 128, 256), relu(), nn.Linear(256, 256), relu(), nn.Linear(256, CLASSES)]
    return nn.Sequential(*layers, nn.Flatten(), *dense)


def vgg16():
    layers, inputs = [], 3
    for block, (channels, convolutions) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]):
        if block > 0:
            layers.append(nn.MaxPool2d(2))
        for _ in range(convolutions):
            layers += [conv3(inputs, channels), nn.BatchNorm2d(channels), relu()]
            inputs = channels
    return nn.Sequential(*layers, Mean(), nn.Linear(inputs, CLASSES))


class Block(nn.Module):
    """Two convolutions and a shortcut, projected (option B) where the stride is 2."""

    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv1, self.bn1 = conv3(inputs, channels, stride), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = conv3(channels, channels), nn.BatchNorm2d(channels)
        self.shortcut = None
        if stride > 1:
            projection = nn.Conv2d(inputs, channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(channels))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y += x if self.shortcut is None else self.shortcut(x)
        return F.relu(y, inplace=True)


def resnet(blocks, width):
    layers, inputs = [conv3(3, width), nn.BatchNorm2d(width), relu()], width
    for stage, count in enumerate(blocks):
        for i in range(count):
            channels = width * 2**stage
            layers.append(Block(inputs, channels, 2 if stage > 0 and i == 0 else 1))
            inputs = channels
    return nn.Sequential(*layers, Mean(), nn.Linear(inputs, CLASSES))


NETS = {
    'lenet-5-caffe': lenet5,
    'conv-4': conv4,
    'vgg-16': vgg16,
    'resnet-20': lambda: resnet([3, 3, 3], 16),
    'resnet-18': lambda: resnet([2, 2, 2, 2], 64),
}


def make(name, layout='default', dtype=torch.float32):
    """A network with Kaiming weights (fan-in, as core's default) and zero biases, in a memory layout."""
    net = NETS[name]().to(dtype)
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return net.to(memory_format=torch.channels_last) if layout == 'channels_last' else net


def kernels(net):
    """What a mask covers: the weights of convolutions and dense layers, projections included."""
    return [module.weight for module in net.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]


def parameter_count(net):
    """Trained parameters, statistics left out."""
    return sum(parameter.numel() for parameter in net.parameters())


if __name__ == '__main__':
    import json

    sizes = {}
    for name in NETS:
        with torch.device('meta'):
            net = NETS[name]()
        kernel_count = sum(kernel.numel() for kernel in kernels(net))
        sizes[name] = {'parameters': parameter_count(net), 'kernels': kernel_count, 'image': image_shape(name)}
    print(json.dumps(sizes))
