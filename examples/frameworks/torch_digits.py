"""Digits with plain PyTorch.

sonde run --metric val_loss lr=1e-4..1e-1:log torch_digits.py
"""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import sonde

lr = 0.01
epochs = 3

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = (
    torch.from_numpy(part)
    for part in train_test_split((X / 16).astype("float32"), y, test_size=0.3, random_state=0)
)
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
optimizer = torch.optim.Adam(net.parameters(), lr)
for epoch in range(epochs):
    for batch in torch.randperm(len(X_train)).split(64):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(X_train[batch]), y_train[batch]).backward()
        optimizer.step()
    with torch.no_grad():
        out = net(X_val)
    sonde.log(
        val_loss=torch.nn.functional.cross_entropy(out, y_val),
        val_acc=(out.argmax(1) == y_val).float().mean(),
        step=epoch,
    )
    if sonde.should_stop():
        break
