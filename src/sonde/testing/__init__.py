"""Contract tests: one importable suite for each seam, for our implementations and yours."""
