"""Optuna's `visualization`: its figures, drawn by sonde."""

from sonde.optuna.doors import door

_PLACES = {
    "is_available": "figures",
    "plot_contour": "figures",
    "plot_edf": "figures",
    "plot_intermediate_values": "figures",
    "plot_optimization_history": "figures",
    "plot_parallel_coordinate": "figures",
    "plot_param_importances": "figures",
    "plot_pareto_front": "figures",
    "plot_rank": "figures",
    "plot_slice": "figures",
    "plot_timeline": "figures",
}
__all__ = list(_PLACES)
__getattr__ = door("visualization", _PLACES)
