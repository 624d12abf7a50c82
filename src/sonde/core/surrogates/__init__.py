"""Numerics that search methods share: models of the loss, and where to look next by them.

All of it needs NumPy, and nothing here is imported before a method needs a model.
"""
