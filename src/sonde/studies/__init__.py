"""Studies: programs that say what they search while they run, in Optuna's words.

`sonde.optuna` shows them, by name: what brings Optuna's own studies in and out stands there, and
the command line uses it.
"""
