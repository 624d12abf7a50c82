"""Train on scikit-learn's digits, as a Hydra program: `python train.py optimizer.lr=0.1`."""

import hydra
from omegaconf import DictConfig
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    """Return the share of digits that are read wrongly."""
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x / 16, y, random_state=0)
    model = SGDClassifier(
        learning_rate="constant",
        eta0=cfg.optimizer.lr,
        alpha=cfg.optimizer.weight_decay,
        loss=cfg.loss.name,
        random_state=0,
    )
    for epoch in range(cfg.epochs):
        model.partial_fit(x_train, y_train, classes=range(10))
        error = 1.0 - model.score(x_test, y_test)
        print(f"{epoch=} {error=:.4f}")
    return error


if __name__ == "__main__":
    main()
