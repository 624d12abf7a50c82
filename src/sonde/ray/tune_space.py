"""A search space of Ray Tune in sonde's words, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from ray.tune.search import sample

from sonde.core.distributions import (
    Choice,
    Distribution,
    Float,
    Int,
    Normal,
    QLogUniform,
    QNormal,
    QUniform,
    canonical,
)
from sonde.core.distributions.values import Params, frozen_value
from sonde.core.parameter import Parameter
from sonde.core.space import Space
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["TuneSpace"]

_GRID = "grid_search"
_Path = tuple[str | int, ...]


class TuneSpace:
    """What is searched of a `param_space`; all else in it is the same in every trial.

    Args:
        theirs: Nested dicts and lists, with Tune's distributions somewhere inside.

    Attributes:
        space: What sonde's methods search. Its parameters go by their place, as Tune allows
            any text for a name.

    Raises:
        ConfigErrors: Naming all of it that cannot be searched.
    """

    def __init__(self, theirs: Mapping[str, Any]) -> None:
        self._theirs = theirs
        self._domains: dict[str, tuple[_Path, Any]] = {}
        parameters: list[Parameter] = []
        faults: list[ConfigError] = []
        for path, domain in _domains(theirs, ()):
            name = f"p{len(self._domains)}"
            try:
                distribution = _distribution(domain)
            except ConfigError as fault:
                faults.append(ConfigError(_where(path), fault.found, fault.remedy))
                continue
            self._domains[name] = path, domain
            parameters.append(Parameter(name, distribution))
        if faults:
            raise faults[0] if len(faults) == 1 else ConfigErrors(faults)
        self.space = Space(tuple(parameters))

    def to_theirs(self, params: Params) -> dict[str, Any]:
        """Return the `config` of a trial."""
        config: Any = _copied(self._theirs)
        for name, (path, domain) in self._domains.items():
            value: Any = params[name]
            options = _options(domain)
            if options is not None:
                value = options[_labels(options).index(value)]
            else:
                value = domain.cast(value)
            _at(config, path[:-1])[path[-1]] = value
        return dict(config)

    def to_ours(self, config: Mapping[str, Any]) -> Params:
        """Return the values of a trial; nested, or with keys such as `opt/lr`.

        Raises:
            ConfigError: If one is not there, or is outside of its domain.
        """
        found: Params = {}
        for name, (path, domain) in self._domains.items():
            try:
                value = config["/".join(map(str, path))]
            except KeyError:
                try:
                    value = _at(config, path)
                except (KeyError, IndexError, TypeError):
                    raise ConfigError(
                        _where(path), "there is no value for it", "give one for each parameter"
                    ) from None
            options = _options(domain)
            if options is not None:
                places = [n for n, option in enumerate(options) if option is value]
                places += [n for n, option in enumerate(options) if option == value]
                value = _labels(options)[places[0]] if places else _Nowhere()
            else:
                value = frozen_value(value, _where(path))  # Tune draws numbers of NumPy
            ours = self.space[name].distribution
            if isinstance(value, _Nowhere) or not ours.contains(value):
                raise ConfigError(
                    _where(path), f"{_at_or(config, path)!r} is not of its domain",
                    "give one that Tune could have drawn",
                )  # fmt: skip
            found[name] = ours.coerced(value)
        return found


class _Nowhere:
    """A value that is none of the options."""


def _where(path: _Path) -> str:
    return f"param_space {'/'.join(map(str, path))}"


def _domains(value: Any, path: _Path) -> list[tuple[_Path, Any]]:
    """Return what is to be searched, in the order in which it is written."""
    if isinstance(value, sample.Domain) or _is_grid(value):
        return [(path, value)]
    inner: Sequence[tuple[str | int, Any]] = ()
    if isinstance(value, Mapping):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [found for key, one in inner for found in _domains(one, (*path, key))]


def _is_grid(value: Any) -> bool:
    return isinstance(value, Mapping) and list(value) == [_GRID]


def _options(domain: Any) -> Sequence[Any] | None:
    """Return what is chosen from; None: it is a number of a range."""
    if _is_grid(domain):
        return list(domain[_GRID])
    return list(domain.categories) if isinstance(domain, sample.Categorical) else None


def _labels(options: Sequence[Any]) -> Sequence[Any]:
    """Return the numbers that are offered, whose order tells something, or else texts."""
    if all(type(option) in {int, float} for option in options) and len(
        {canonical(option) for option in options}
    ) == len(options):
        return options
    return [f"c{place}" for place in range(len(options))]


def _distribution(domain: Any) -> Distribution:
    options = _options(domain)
    if options is not None:
        if any(_domains(option, ()) for option in options):
            raise ConfigError(
                "", "there is a space inside of an option", "name its parameters side by side"
            )
        return Choice(tuple(_labels(options)))
    sampler, q = domain.get_sampler(), None
    if isinstance(sampler, sample.Quantized):
        q, sampler = sampler.q, sampler.get_sampler()
    is_log = isinstance(sampler, sample.LogUniform)
    is_even = is_log or isinstance(sampler, sample.Uniform)
    if isinstance(domain, sample.Integer) and is_even:
        return _integer(domain, q, is_log=is_log)
    if isinstance(domain, sample.Float) and isinstance(sampler, sample.Normal):
        mean, sd = float(sampler.mean), float(sampler.sd)
        return Normal(mean, sd) if q is None else QNormal(mean, sd, float(q))
    if isinstance(domain, sample.Float) and is_even:
        low, high = float(domain.lower), float(domain.upper)
        if q is None:
            return Float(low, high, log=is_log)
        return (QLogUniform if is_log else QUniform)(low, high, float(q))
    raise ConfigError(
        "", f"{_told(domain)} cannot be searched",
        "use tune.uniform, loguniform, randint, choice, ...; or fix it",
    )  # fmt: skip


def _integer(domain: Any, q: Any, *, is_log: bool) -> Distribution:
    low, high, step = int(domain.lower), int(domain.upper), 1 if q is None else int(q)
    if step == 1:
        return Int(low, high - 1, log=is_log)
    # Where it rounds, Tune takes the upper bound in.
    return Int(-(-low // step) * step, high // step * step, log=is_log, step=step)


def _told(domain: Any) -> str:
    if isinstance(domain, sample.Function):
        return "tune.sample_from"
    return str(getattr(domain, "domain_str", type(domain).__name__))


def _copied(value: Any) -> Any:
    """Return dicts and lists anew; what is in them is the user's."""
    if isinstance(value, Mapping):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def _at(value: Any, path: _Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _at_or(config: Mapping[str, Any], path: _Path) -> Any:
    try:
        return _at(config, path)
    except (KeyError, IndexError, TypeError):
        return config["/".join(map(str, path))]
