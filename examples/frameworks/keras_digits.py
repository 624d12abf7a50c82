"""Digits with Keras.

sonde run --metric val_loss lr=1e-4..1e-1:log keras_digits.py
"""

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sonde.tracking.keras import SondeCallback

lr = 0.01

X, y = load_digits(return_X_y=True)
X = (X / 16).astype("float32")
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, random_state=0)

keras.utils.set_random_seed(0)
model = keras.Sequential([keras.layers.Dense(32, "relu"), keras.layers.Dense(10, "softmax")])
model.compile(keras.optimizers.Adam(lr), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    X_train,
    y_train,
    validation_data=(X_val, y_val),
    epochs=3,
    verbose=0,
    callbacks=[SondeCallback()],
)
