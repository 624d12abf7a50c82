"""The server: a store, and what is in it, over HTTP under `/api/v1`.

`app.create_app` makes the application, `serving.serving` runs it. A resource is one file with
a router (docs/decisions/0011-server.md says how to add one). Nothing is imported here: FastAPI
costs a third of a second, and only `sonde serve` and `sonde ui` pay for it.
"""
