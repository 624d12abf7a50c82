"""Children are inside the space, near their parents, and made of what these have."""

from hypothesis import given
from hypothesis import strategies as st

from sonde.core.distributions import Float, Int
from sonde.core.search.variation import Numbers, Variation
from sonde.core.space import space_of
from sonde.core.streams import uniforms

SPACE = space_of(
    {"opt": ["adam", "sgd", "lion"], "momentum": Float(0, 1, when="opt == 'sgd'")}
    | {"lr": Float(1e-5, 1, log=True), "layers": Int(1, 8), "width": [16, 32, 64], "seed": 7}
)
VARIATION = Variation(SPACE)
points = st.lists(st.floats(0, 1), min_size=5, max_size=5).map(SPACE.at)
streams = st.integers(0, 2**32).map(lambda seed: Numbers(uniforms(seed, 0, 0, VARIATION.needs)))


@given(points, streams, st.floats(1, 4))
def test_a_mutant_is_an_assignment_of_the_space(
    parent: dict[str, object], numbers: Numbers, strength: float
) -> None:
    assert SPACE.admits(VARIATION.mutated(parent, numbers, strength))  # type: ignore[arg-type]


@given(points, points, streams)
def test_a_child_has_its_categories_from_its_parents(
    one: dict[str, object], other: dict[str, object], numbers: Numbers
) -> None:
    child = VARIATION.crossed(one, other, numbers)  # type: ignore[arg-type]
    assert SPACE.admits(child)
    assert child["opt"] in {one["opt"], other["opt"]}


@given(points, streams)
def test_the_child_of_two_equal_parents_is_like_them(
    parent: dict[str, object], numbers: Numbers
) -> None:
    child = VARIATION.crossed(parent, parent, numbers)  # type: ignore[arg-type]
    same = SPACE.at(SPACE.quantiles(parent))  # type: ignore[arg-type]
    assert SPACE.key(child) == SPACE.key(same)


def test_a_mutation_changes_something_nearly_always() -> None:
    parent = SPACE.at([0.1, 0.5, 0.5, 0.5, 0.5])
    changed = 0
    for seed in range(200):
        numbers = Numbers(uniforms(seed, 0, 0, VARIATION.needs))
        changed += SPACE.key(VARIATION.mutated(parent, numbers, 1.0)) != SPACE.key(parent)
    assert changed > 150


def test_most_mutations_leave_most_parameters_alone() -> None:
    space = space_of({f"x{i}": Float(0, 1) for i in range(20)})
    variation, parent = Variation(space), space.at([0.5] * 20)
    changes = []
    for seed in range(100):
        numbers = Numbers(uniforms(seed, 0, 0, variation.needs))
        child = variation.mutated(parent, numbers, 1.0)
        changes.append(sum(child[name] != value for name, value in parent.items()))
    assert 1 <= sum(changes) / 100 <= 3
