"""The peer of perf/src/accuracy: one training run in PyTorch: `python accuracy.py FOLDER RECIPE SEED`.

FOLDER has the bytes that our loader decoded (`train-images`, `train-labels`, `test-images`, `test-labels`; images are
[count, 32, 32, 3]), RECIPE is the JSON of perf/src/accuracy/recipe.ts. Writes one JSON line: {"testAccuracy",
"testLoss", "version"}, of the final weights on all test images. Threads: OMP_NUM_THREADS, set by the caller.
"""
import json
import pathlib
import sys

import torch
from nets import make
from session import settle
from torch.nn import functional as F

SIDE, CHANNELS = 32, 3


def read(folder, split):
    """Images [count, 3, 32, 32] in channels_last, and labels."""
    raw = (pathlib.Path(folder) / f'{split}-images').read_bytes()
    images = torch.frombuffer(bytearray(raw), dtype=torch.uint8).view(-1, SIDE, SIDE, CHANNELS)
    labels = torch.frombuffer(bytearray((pathlib.Path(folder) / f'{split}-labels').read_bytes()), dtype=torch.uint8)
    return images.permute(0, 3, 1, 2), labels.long()


def augmented(images, flip, pad):
    """Half of them mirrored, each cut at a random place out of itself with black pixels around."""
    count = len(images)
    if flip:
        mirrored = torch.rand(count) < 0.5
        images = torch.where(mirrored.view(-1, 1, 1, 1), images.flip(3), images)
    padded = F.pad(images, (pad, pad, pad, pad))
    rows = torch.randint(0, 2 * pad + 1, (count, 1)) + torch.arange(SIDE)
    columns = torch.randint(0, 2 * pad + 1, (count, 1)) + torch.arange(SIDE)
    return padded.permute(0, 2, 3, 1)[torch.arange(count).view(-1, 1, 1), rows[:, :, None], columns[:, None]].permute(
        0, 3, 1, 2
    )


def main(folder, recipe, seed):
    settle()
    torch.manual_seed(seed)
    mean = torch.tensor(recipe['mean']).view(1, -1, 1, 1)
    std = torch.tensor(recipe['std']).view(1, -1, 1, 1)

    def prepare(images):
        return ((images.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)

    images, labels = read(folder, 'train')
    batch = recipe['batchSize']
    net = make(recipe['model'], 'channels_last')
    optimizer = torch.optim.SGD(
        net.parameters(),
        lr=recipe['learningRate'],
        momentum=recipe['momentum'],
        weight_decay=recipe['weightDecay'],
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, recipe['drops'], gamma=0.1)
    for _ in range(recipe['epochs']):
        order = torch.randperm(len(images))
        for step in range(len(images) // batch):
            chosen = order[step * batch : (step + 1) * batch]
            x = prepare(augmented(images[chosen], recipe['flip'], recipe['pad']))
            loss = F.cross_entropy(net(x), labels[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()

    net.eval()
    images, labels = read(folder, 'test')
    total, correct = 0.0, 0
    with torch.inference_mode():
        for x, y in zip(images.split(1000), labels.split(1000)):
            logits = net(prepare(x))
            total += F.cross_entropy(logits, y, reduction='sum').item()
            correct += (logits.argmax(1) == y).sum().item()
    answer = {
        'testAccuracy': correct / len(labels),
        'testLoss': total / len(labels),
        'version': f'torch {torch.__version__}',
    }
    print(json.dumps(answer))


if __name__ == '__main__':
    main(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]))
