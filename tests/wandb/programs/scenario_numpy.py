"""The program of W&B's sweep tutorial, with a network of NumPy in place of torch's."""

import sys

import numpy as np

import sonde.wandb as wandb

wandb.login()
sweep_config = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "optimizer": {"values": ["adam", "sgd"]},
        "fc_layer_size": {"values": [16, 32, 64]},
        "dropout": {"values": [0.3, 0.4, 0.5]},
        "epochs": {"value": 1},
        "learning_rate": {"distribution": "uniform", "min": 0, "max": 0.1},
        "batch_size": {"distribution": "q_log_uniform_values", "q": 8, "min": 32, "max": 256},
    },
}
sweep_id = wandb.sweep(sweep_config, project="numpy-sweeps-demo")
print(sweep_id)


def train(config=None):
    with wandb.init(config=config):
        config = wandb.config
        assert type(config.batch_size) is int
        loader = build_dataset(config.batch_size)
        network = build_network(config.fc_layer_size)
        for epoch in range(config.epochs):
            avg_loss = train_epoch(network, loader, config.learning_rate)
            wandb.log({"loss": avg_loss, "epoch": epoch})


def build_dataset(batch_size):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 20))
    y = X[:, :4].argmax(axis=1)
    return [(X[i : i + batch_size], y[i : i + batch_size]) for i in range(0, 1000, batch_size)]


def build_network(fc_layer_size):
    rng = np.random.default_rng(1)
    return [rng.normal(size=(20, fc_layer_size)) / 5, rng.normal(size=(fc_layer_size, 4)) / 5]


def train_epoch(network, loader, lr):
    total = 0
    for data, target in loader:
        hidden = np.maximum(data @ network[0], 0)
        scores = hidden @ network[1]
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(len(target)), target] + 1e-9).mean()
        p[np.arange(len(target)), target] -= 1
        back = (p @ network[1].T) * (hidden > 0)
        network[1] -= lr * hidden.T @ p / len(target)
        network[0] -= lr * data.T @ back / len(target)
        total += loss
        wandb.log({"batch loss": loss})
    return total / len(loader)


wandb.agent(sweep_id, train, count=5, **({"workers": 0} if "here" in sys.argv else {}))
