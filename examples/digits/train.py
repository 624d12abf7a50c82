"""Teach a small network to read handwritten digits: python train.py [EPOCHS]."""

import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tensorboardX import SummaryWriter

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 30
lr = 0.01
momentum = 0.9
hidden = 64
batch_size = 32

rng = np.random.default_rng(0)
images, digits = load_digits(return_X_y=True)
x, x_val, y, y_val = train_test_split(images / 16, digits, random_state=0, stratify=digits)

weights = [
    rng.normal(scale=np.sqrt(2 / 64), size=(64, hidden)),
    np.zeros(hidden),
    rng.normal(scale=np.sqrt(2 / hidden), size=(hidden, 10)),
    np.zeros(10),
]
velocity = [np.zeros_like(w) for w in weights]


def forward(x):
    """Return the hidden layer and the logarithms of the ten probabilities."""
    w1, b1, w2, b2 = weights
    h = np.maximum(x @ w1 + b1, 0)
    z = h @ w2 + b2
    z = z - z.max(axis=1, keepdims=True)
    return h, z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def gradients(x, y):
    """Return what each of the weights does to the mean loss."""
    h, log_p = forward(x)
    dz = np.exp(log_p)
    dz[np.arange(len(y)), y] -= 1
    dz /= len(y)
    dh = (dz @ weights[2].T) * (h > 0)
    return x.T @ dh, dh.sum(axis=0), h.T @ dz, dz.sum(axis=0)


def evaluate(x, y):
    """Return the mean loss and the share of right answers."""
    log_p = forward(x)[1]
    loss = -log_p[np.arange(len(y)), y].mean()
    return loss, (log_p.argmax(axis=1) == y).mean()


print(f"learning rate = {lr}")
writer = SummaryWriter("runs/digits")
for epoch in range(epochs):
    order = rng.permutation(len(x))
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        for w, v, g in zip(weights, velocity, gradients(x[batch], y[batch])):
            v *= momentum
            v -= lr * g
            w += v
    loss, accuracy = evaluate(x_val, y_val)
    print(f"epoch {epoch:2}  val_loss {loss:.4f}  val_accuracy {accuracy:.3f}")
    writer.add_scalar("val_loss", loss, epoch)
    writer.add_scalar("val_accuracy", accuracy, epoch)
writer.close()
