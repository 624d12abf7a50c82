"""Learning from earlier sweeps: what is taken from a store when a sweep is made, and read again.

What an earlier sweep taught is kept in a blob beside the new sweep, so that it stays even
where the earlier one does not.
"""

from collections.abc import Sequence
from dataclasses import replace

from sonde.core.earlier import Lesson, lesson_of, taught
from sonde.core.sweep import EarlierSweep, Sweep
from sonde.errors import ConfigError, NotFoundError
from sonde.store.protocol import Store

__all__ = ["lessons_of", "sources_of", "with_lessons"]


def sources_of(
    store: Store, texts: Sequence[str], known: Sequence[EarlierSweep] = ()
) -> tuple[EarlierSweep, ...]:
    """Return which sweeps are meant, without what they taught.

    Args:
        store: Where they are.
        texts: An id, a name or a unique prefix each.
        known: Those of a sweep made before, which need not be there any more.

    Raises:
        NotFoundError: If there is none of that name.
        AmbiguousError: If a prefix fits several.
    """
    found: dict[str, EarlierSweep] = {}
    for text in texts:
        try:
            record = store.find_sweep(text)
            source = EarlierSweep(id=record.id, name=record.name, blob="")
        except NotFoundError:
            fits = [one for one in known if text == one.name or one.id.startswith(text)]
            if not fits:
                raise
            source = fits[0]
        found.setdefault(source.id, source)
    return tuple(found.values())


def with_lessons(
    target: Store, definition: Sweep, sources: Sequence[tuple[Store, str]], *, flag: str
) -> Sweep:
    """Take down what earlier sweeps teach; return the definition that names it.

    Args:
        target: Where the new sweep will be.
        definition: Of the new sweep.
        sources: The earlier ones: a store and an id each.
        flag: How the user named them, for errors.

    Raises:
        ConfigError: If nothing can be learnt from one of them.
    """
    earlier = []
    for source, sweep in sources:
        changes = source.changes(sweep)
        record = changes.record
        try:
            data = taught(record.sweep, record.name, changes.trials, definition)
        except ConfigError as fault:
            raise ConfigError(f"{flag} {fault.where}", fault.found, fault.remedy) from fault
        earlier.append(EarlierSweep(id=record.id, name=record.name, blob=target.put_blob(data)))
    return replace(definition, earlier=tuple(earlier))


def lessons_of(store: Store, definition: Sweep) -> list[Lesson]:
    """Return what the sweeps taught that a definition names.

    Raises:
        NotFoundError: If the store has lost it.
    """
    return [
        lesson_of(store.get_blob(source.blob), definition.space) for source in definition.earlier
    ]
