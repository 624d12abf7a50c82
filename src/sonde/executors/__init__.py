"""Executors start agents somewhere; `drive` keeps a sweep going with them."""
