"""Optuna's `study`: how studies are made, opened, listed and copied."""

from sonde.optuna.doors import door

_PLACES = {
    "MaxTrialsCallback": "callbacks",
    "Study": "study",
    "StudyDirection": "listing:Direction",
    "StudySummary": "listing",
    "copy_study": "listing",
    "create_study": "opening",
    "get_all_study_names": "listing",
    "get_all_study_summaries": "listing",
    "load_study": "opening",
}
__all__ = list(_PLACES)
__getattr__ = door("study", _PLACES)
