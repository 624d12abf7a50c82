"""A script written for W&B Sweeps: it takes its values as flags, and prints what it reaches."""

import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--width", type=int, default=16)
parser.add_argument("--optimizer", default="plain")
args = parser.parse_args()

x, speed = 3.0, 0.0
for _ in range(30):
    slope = 2 * (x - 1) * args.width / 32
    speed = 0.5 * speed - args.lr * slope if args.optimizer == "momentum" else -args.lr * slope
    x += speed
print(f"loss={(x - 1) ** 2}")
