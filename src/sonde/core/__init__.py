"""The pure core: given the time, the history and a seed, it says what to try and whom to stop.

Nothing in here reads a clock, a file, a socket or a global random state.
"""
