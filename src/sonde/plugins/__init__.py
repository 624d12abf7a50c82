"""What other packages add: found by name through entry points, and loaded when asked for.

An installed distribution names its parts in its metadata, under `sonde.methods`, `sonde.rules`,
`sonde.stores` or `sonde.executors`. Nothing is looked for while sonde's own names suffice.
"""
