"""LightGBM: `lightgbm.train(..., callbacks=[SondeCallback()])`, or its estimators' `callbacks`."""

from lightgbm.callback import CallbackEnv, EarlyStopException

from sonde.tracking.reporting import report

__all__ = ["SondeCallback"]


class SondeCallback:
    """Reports each evaluation by data set and metric (`valid_0-l2`), and stops when asked to.

    Attributes:
        order: Where LightGBM calls it among its callbacks: after those that record.
        before_iteration: That it is called after an iteration.
    """

    order = 25
    before_iteration = False

    def __call__(self, env: CallbackEnv) -> None:
        """Report the round.

        Raises:
            EarlyStopException: If the trial was asked to end, as LightGBM's own callback does.
        """
        results = env.evaluation_result_list or []
        if report({f"{one[0]}-{one[1]}": one[2] for one in results}, env.iteration):
            raise EarlyStopException(env.iteration, results)
