"""How alike points are: as the docstring's formula says, and with the slopes of that."""

import numpy as np
import pytest

from sonde.core.distributions import Float
from sonde.core.space import space_of
from sonde.core.surrogates.encoding import Encoding
from sonde.core.surrogates.kernel import Kernel, kernels_for

GROUP = np.array([0, 1, 1, 1, 2])  # a number, a category of three, a number


def matern(r: np.ndarray) -> np.ndarray:
    return np.asarray((1 + r + r**2 / 3) * np.exp(-r))


def points(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((count, len(GROUP)))


@pytest.mark.parametrize("alone", [(0, 1, 2), (1,), (0, 2)])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_all_dimensions_together_and_each_alone_have_their_shares(
    share: float, alone: tuple[int, ...]
) -> None:
    a, b = points(300, 0), points(7, 1)
    squares = (a[:, None] - b[None]) ** 2
    t = np.stack([squares[:, :, j == GROUP].sum(2) for j in range(3)])
    apart = matern(np.sqrt(5 * 3 * t))[list(alone)].mean(0)
    expected = (1 - share) * matern(np.sqrt(5 * t.sum(0))) + share * apart
    found = Kernel(GROUP, share, alone)
    assert found.between(a, b) == pytest.approx(expected, abs=1e-12)
    assert found.with_slopes(a, b)[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("alone", [None, (1,)])
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_its_slopes_are_those_of_finite_differences(
    share: float, alone: tuple[int, ...] | None
) -> None:
    kernel, a, b, step = Kernel(GROUP, share, alone), points(4, 0), points(5, 1), 1e-6
    for columns, slope in kernel.with_slopes(a, b)[1]:
        for c in columns:
            up, down = a.copy(), a.copy()
            up[:, c] += step
            down[:, c] -= step
            expected = (kernel.between(up, b) - kernel.between(down, b)) / (2 * step)
            assert slope * 2 * (a[:, c][:, None] - b[:, c]) == pytest.approx(expected, abs=1e-8)


def test_a_point_is_like_itself_and_far_ones_have_nothing_in_common() -> None:
    here = points(3, 0)
    for kernel in (Kernel(GROUP), Kernel(GROUP, 0.5)):
        assert kernel.between(here, here).diagonal() == pytest.approx(np.ones(3), abs=1e-6)
        assert kernel.between(here, here + 1e3).max() < 1e-12


def test_what_a_dimension_does_by_itself_is_known_where_all_others_differ() -> None:
    a = np.zeros((1, len(GROUP)))
    b = np.append(0.0, np.full(4, 50.0))[None]  # the first dimension alike, the others far off
    assert Kernel(GROUP).between(a, b)[0, 0] < 1e-12
    assert Kernel(GROUP, 0.6).between(a, b)[0, 0] == pytest.approx(0.2)


def test_one_dimension_alone_is_all_there_is() -> None:
    a, b = points(4, 0)[:, :1], points(5, 1)[:, :1]
    group = np.zeros(1, dtype=int)
    assert np.array_equal(Kernel(group, 0.5).between(a, b), Kernel(group).between(a, b))


@pytest.mark.parametrize(
    ("words", "numbers", "known"),
    [(0, 3, [False, True]), (1, 2, [False, True]), (2, 1, [True, False, True]), (3, 0, [True])],
)
def test_categories_are_known_by_themselves_from_the_first_model_on(
    words: int, numbers: int, known: list[bool]
) -> None:
    space = space_of(
        {f"c{i}": ["a", "b", "c"] for i in range(words)}
        | {f"x{i}": Float(0, 1) for i in range(numbers)}
    )
    encoding = Encoding(space)
    a = encoding.columns(np.array([[0.0] * 3])) * 50
    b = encoding.columns(np.array([[0.0] + [1.0] * 2])) * 50  # alike in the first, else far off
    found = [kernel.between(a, b)[0, 0] > 0.01 for kernel in kernels_for(encoding)]
    assert found == known
