"""Digits with JAX and Flax.

sonde run --metric val_loss lr=1e-4..1e-1:log flax_digits.py
"""

import jax
import optax
from flax import nnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import sonde

lr = 0.01
epochs = 3


class Net(nnx.Module):
    def __init__(self, rngs):
        self.hidden = nnx.Linear(64, 32, rngs=rngs)
        self.out = nnx.Linear(32, 10, rngs=rngs)

    def __call__(self, x):
        return self.out(nnx.relu(self.hidden(x)))


def loss_of(net, x, y):
    return optax.softmax_cross_entropy_with_integer_labels(net(x), y).mean()


@nnx.jit
def step(net, optimizer, x, y):
    optimizer.update(net, nnx.grad(loss_of)(net, x, y))


X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X / 16, y, test_size=0.3, random_state=0)
net = Net(nnx.Rngs(0))
optimizer = nnx.Optimizer(net, optax.adam(lr), wrt=nnx.Param)
for epoch in range(epochs):
    order = jax.random.permutation(jax.random.key(epoch), len(X_train))
    for start in range(0, len(order) - 63, 64):
        batch = order[start : start + 64]
        step(net, optimizer, X_train[batch], y_train[batch])
    sonde.log(val_loss=loss_of(net, X_val, y_val), step=epoch)
    if sonde.should_stop():
        break
