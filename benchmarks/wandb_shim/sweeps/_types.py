"""Names of types that the tests import."""

from typing import Any

import numpy as np

ArrayLike = Any
floating = float | np.floating
integer = int | np.integer
