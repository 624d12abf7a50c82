"""Under which names a scalar is known, when a person says which metric they mean.

Writers put half of a metric's name into its tag and half into the directory of its file.
Keras writes the tag `epoch_loss` twice, in the runs `train` and `validation`, and people
mean `loss` and `val_loss`.
"""

import functools

__all__ = ["is_part", "matches", "names_of"]

# By the last directory of a run: what its metrics are called in front of their names.
_PARTS = {
    "train": "",
    "training": "",
    "validation": "val_",
    "valid": "val_",
    "val": "val_",
    "eval": "val_",
    "test": "test_",
}
_EPOCH = "epoch_"


@functools.lru_cache(maxsize=4096)  # asked for every scalar, and there are few different ones
def names_of(tag: str, run: str) -> tuple[str, ...]:
    """Return the names under which a scalar is known, best first, each once.

    The first tells apart what must not be mixed: two runs that are part of one training have
    different first names for the same tag. They are, in order:

    1. In a run whose last directory is `validation`, `valid`, `val` or `eval`: `val_` and the
       tag; in one called `test`: `test_` and the tag; in `train` or `training`: the tag.
       `epoch_` at the tag's beginning is dropped, and a prefix that is there not repeated.
       So `epoch_loss` in `validation` is `val_loss`, as is `epoch_val_loss`; `epoch_loss`
       in `train` is `loss`. Other runs add nothing.
    2. The same behind `epoch_`, if the tag had that.
    3. The tag as it is written.
    4. The tag behind one, two, ... of the run's directories: `validation/epoch_loss`,
       `logs/validation/epoch_loss`. The same for the first name: `validation/val_loss`.

    Args:
        tag: As the script wrote it.
        run: Directory of the file relative to the watched one; "" or "." at the top.
    """
    directories = [part for part in run.split("/") if part not in {"", "."}]
    prefix = _PARTS.get(directories[-1].lower()) if directories else None
    names: list[str] = []
    if prefix is not None:
        bare = tag.removeprefix(_EPOCH)
        best = bare if bare.startswith(prefix) else prefix + bare
        names.append(best)
        if bare != tag:
            names.append(_EPOCH + best)
    names.append(tag)
    suffixes = ["/".join(directories[-count:]) for count in range(1, len(directories) + 1)]
    names.extend(f"{suffix}/{tag}" for suffix in suffixes)
    names.extend(f"{suffix}/{names[0]}" for suffix in suffixes)
    return tuple(dict.fromkeys(names))


def matches(tag: str, run: str, wanted: str) -> bool:
    """Tell whether a person who says `wanted` may mean this scalar.

    Where several match, the one is meant in whose `names_of` the name comes first.
    """
    return wanted in names_of(tag, run)


def is_part(directory: str) -> bool:
    """Tell whether a run of that name is a part of the training that the one above it is."""
    return directory.lower() in _PARTS
