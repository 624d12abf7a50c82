"""Digits with LightGBM.

sonde run --metric validation-multi_logloss lr=0.01..1:log lightgbm_digits.py
"""

import lightgbm
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sonde.tracking.lightgbm import SondeCallback

lr = 0.1

X, y = load_digits(return_X_y=True)
X = (X / 16).astype("float32")
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, random_state=0)

model = lightgbm.LGBMClassifier(
    n_estimators=3, learning_rate=lr, num_leaves=4, n_jobs=1, verbosity=-1
)
model.fit(
    X_train,
    y_train,
    eval_set=[(X_val, y_val)],
    eval_names=["validation"],
    callbacks=[SondeCallback()],
)
