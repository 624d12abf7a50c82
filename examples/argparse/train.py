"""Fit a sine with random features and gradient descent; prints the loss on unseen points.

Nothing but NumPy and argparse: the kind of script that reads its settings from flags.
"""

import argparse

import numpy as np

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--width", type=int, default=16, help="number of random features")
parser.add_argument("--epochs", type=int, default=2000)
args = parser.parse_args()

rng = np.random.default_rng(0)
x, x_val = rng.uniform(-3, 3, 80), np.linspace(-3, 3, 50)
y, y_val = np.sin(2 * x) + rng.normal(scale=0.1, size=80), np.sin(2 * x_val)

slopes, offsets = rng.normal(scale=2, size=args.width), rng.uniform(-3, 3, args.width)


def features(x):
    """Return the features of points, (n, width)."""
    return np.tanh(np.outer(x, slopes) + offsets) / np.sqrt(args.width)


w = np.zeros(args.width)
for _ in range(args.epochs):
    w -= args.lr * features(x).T @ (features(x) @ w - y) / len(x)

print(f"val_loss={np.mean((features(x_val) @ w - y_val) ** 2):.6g}")
