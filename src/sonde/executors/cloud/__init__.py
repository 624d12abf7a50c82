"""Machines of a cloud for the time of a sweep: chosen, priced, started, watched, ended."""
