"""TensorBoard's event files, read and written without TensorBoard or protobuf.

`summary` writes scalars from a training script and loads the standard library alone;
`ingest` follows the files that a script writes. Nothing is imported here, so that a
script which only writes does not pay for the reader.
"""
