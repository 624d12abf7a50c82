"""What an experiment varies and measures: `HParam` and `Metric`."""

from typing import ClassVar

from sonde.tensorboard.hparams.domains import Domain

__all__ = ["HParam", "Metric"]


class HParam:
    """A hyperparameter by its name, with the values that it may take.

    It may be the key of a dictionary: two that are made apart are two keys.
    """

    def __init__(
        self,
        name: str,
        domain: Domain | None = None,
        display_name: str | None = None,
        description: str | None = None,
    ) -> None:
        """Declare a hyperparameter.

        Args:
            name: Unique in its experiment.
            domain: Which values it may take; None says nothing about them.
            display_name: What people see in its stead.
            description: Some Markdown for people.

        Raises:
            ValueError: `domain` is no domain.
        """
        if domain is not None and not isinstance(domain, Domain):
            raise ValueError(
                f"HParam {name!r}: {domain!r} is no domain; use Discrete([...]), "
                "RealInterval(low, high) or IntInterval(low, high)"
            )
        self.name, self.domain = name, domain
        self.display_name, self.description = display_name, description

    def __repr__(self) -> str:
        return (
            f"HParam(name={self.name!r}, domain={self.domain!r}, "
            f"display_name={self.display_name!r}, description={self.description!r})"
        )

    def __str__(self) -> str:
        return f"<HParam {self.name!r}: {self.domain}>"


class Metric:
    """A scalar that the experiment is judged by."""

    TRAINING: ClassVar[int] = 1
    VALIDATION: ClassVar[int] = 2

    def __init__(
        self,
        tag: str,
        group: str | None = None,
        display_name: str | None = None,
        description: str | None = None,
        dataset_type: int | None = None,
    ) -> None:
        """Declare a metric.

        Args:
            tag: The tag under which it is written as a scalar.
            group: The directory below a trial's own in which it is written, such as
                `validation`; None is the trial's own.
            display_name: What people see in place of the tag.
            description: Some Markdown for people.
            dataset_type: `Metric.TRAINING`, `Metric.VALIDATION` or None.

        Raises:
            ValueError: The type of data set is none of these.
        """
        if dataset_type not in {None, Metric.TRAINING, Metric.VALIDATION}:
            raise ValueError(
                f"Metric {tag!r}: dataset_type {dataset_type!r} is none of Metric.TRAINING, "
                "Metric.VALIDATION and None"
            )
        self.tag, self.group = tag, group
        self.display_name, self.description = display_name, description
        self.dataset_type = dataset_type
