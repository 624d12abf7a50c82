"""Digits with XGBoost.

sonde run --metric validation-mlogloss eta=0.01..1:log xgboost_digits.py
"""

import xgboost
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sonde.tracking.xgboost import SondeCallback

eta = 0.3

X, y = load_digits(return_X_y=True)
X = (X / 16).astype("float32")
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, random_state=0)

train, validation = xgboost.DMatrix(X_train, y_train), xgboost.DMatrix(X_val, y_val)
xgboost.train(
    {"objective": "multi:softprob", "num_class": 10, "nthread": 1, "max_depth": 2, "eta": eta},
    train,
    num_boost_round=3,
    evals=[(train, "train"), (validation, "validation")],
    verbose_eval=False,
    callbacks=[SondeCallback()],
)
