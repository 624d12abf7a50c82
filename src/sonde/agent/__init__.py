"""Agents run trials: lease, prepare, start, relay, end, finish.

`loop.run` is an agent; `python -m sonde.agent` starts one with options as JSON, which is what
executors do. Nothing is imported here: an agent that only runs trials stays light.
"""
