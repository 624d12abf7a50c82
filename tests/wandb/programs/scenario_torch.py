"""The program of W&B's sweep tutorial, on generated data; only the import of wandb differs."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

import sonde.wandb as wandb

wandb.login()
sweep_config = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "optimizer": {"values": ["adam", "sgd"]},
        "fc_layer_size": {"values": [128, 256, 512]},
        "dropout": {"values": [0.3, 0.4, 0.5]},
        "epochs": {"value": 1},
        "learning_rate": {"distribution": "uniform", "min": 0, "max": 0.1},
        "batch_size": {"distribution": "q_log_uniform_values", "q": 8, "min": 32, "max": 256},
    },
}
sweep_id = wandb.sweep(sweep_config, project="pytorch-sweeps-demo")
print(sweep_id)


def train(config=None):
    with wandb.init(config=config):
        config = wandb.config
        loader = build_dataset(config.batch_size)
        network = build_network(config.fc_layer_size, config.dropout)
        optimizer = build_optimizer(network, config.optimizer, config.learning_rate)
        for epoch in range(config.epochs):
            avg_loss = train_epoch(network, loader, optimizer)
            wandb.log({"loss": avg_loss, "epoch": epoch})


def build_dataset(batch_size):
    g = torch.Generator().manual_seed(0)
    X = torch.randn(2000, 1, 28, 28, generator=g)
    data = torch.utils.data.TensorDataset(X, X.flatten(1)[:, :10].argmax(1))
    return torch.utils.data.DataLoader(data, batch_size=batch_size)


def build_network(fc, dropout):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, fc), nn.ReLU(), nn.Dropout(dropout), nn.Linear(fc, 10),
        nn.LogSoftmax(dim=1),
    )  # fmt: skip


def build_optimizer(net, name, lr):
    if name == "sgd":
        return torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    return torch.optim.Adam(net.parameters(), lr=lr)


def train_epoch(net, loader, opt):
    total = 0
    for data, target in loader:
        opt.zero_grad()
        loss = F.nll_loss(net(data), target)
        total += loss.item()
        loss.backward()
        opt.step()
        wandb.log({"batch loss": loss.item()})
    return total / len(loader)


wandb.agent(sweep_id, train, count=5, **({"workers": 0} if "here" in sys.argv else {}))
