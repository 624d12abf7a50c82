"""Teach a small network to read handwritten digits, five more epochs: python train.py [EPOCHS].

It goes on from the checkpoint that it finds, and leaves one.
"""

import os
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
lr = 0.01
momentum = 0.9
decay = 1e-4

images, digits = load_digits(return_X_y=True)
images = images / 16
x, x_val, y, y_val = images[450:], images[:450], digits[450:], digits[:450]

checkpoint = Path(os.environ.get("SONDE_CHECKPOINT_DIR", "checkpoint")) / "network.npz"
if checkpoint.exists():
    saved = np.load(checkpoint)
    begun, weights, velocity = int(saved["epoch"]), [*saved["w"]], [*saved["v"]]
else:
    rng = np.random.default_rng(0)
    begun, weights = 0, [rng.normal(scale=0.2, size=(64, 64)), rng.normal(scale=0.2, size=(64, 64))]
    velocity = [np.zeros_like(w) for w in weights]


def forward(x):
    """Return the hidden layer and the logarithms of the probabilities (ten of 64 are used)."""
    h = np.maximum(x @ weights[0], 0)
    z = h @ weights[1]
    z = z - z.max(axis=1, keepdims=True)
    return h, z - np.log(np.exp(z).sum(axis=1, keepdims=True))


rng = np.random.default_rng(begun)
for epoch in range(begun, begun + epochs):
    order = rng.permutation(len(x))
    for start in range(0, len(x), 32):
        at = order[start : start + 32]
        h, log_p = forward(x[at])
        dz = np.exp(log_p)
        dz[np.arange(len(at)), y[at]] -= 1
        dz /= len(at)
        dh = (dz @ weights[1].T) * (h > 0)
        for w, v, g in zip(weights, velocity, (x[at].T @ dh, h.T @ dz)):
            v *= momentum
            v -= lr * (g + decay * w)
            w += v
    loss = -forward(x_val)[1][np.arange(len(y_val)), y_val].mean()
    print(f"epoch {epoch}  val_loss {loss:.5f}", flush=True)

checkpoint.parent.mkdir(exist_ok=True)
np.savez(checkpoint, epoch=epoch + 1, w=weights, v=velocity)
