"""Scenario B: the seed's program, written for Ray, of which only the import is changed."""

__all__ = ["DRIVER"]

DRIVER = """\
import numpy as np, sonde.ray as ray
import time
@ray.remote([dict, int], [float])
def train_cnn(hyperparameters, epochs):
    acc = 0.1
    for i in range(1, epochs):
        acc += 0.002 / (1 + abs(np.log10(hyperparameters["learning_rate"]) + 3))
        if i % 100 == 0 and acc < 0.25: return acc          # early stop inside the trial
    return acc
def generate_random_params(u=np.random.uniform):
    return {"learning_rate": 10 ** u(-6, 1), "batch_size": np.random.randint(30, 100),
            "dropout": u(0, 1), "stddev": 10 ** u(-3, 1)}
result_refs = []
began = time.process_time()
for _ in range(100):
    randparams = generate_random_params()
    result_refs.append((randparams, train_cnn(randparams, 400)))
print(time.process_time() - began)
results = [(randparams, ray.get(ref)) for (randparams, ref) in result_refs]
print(max(results, key=lambda r: r[1])[1])
"""
