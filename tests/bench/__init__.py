"""The benchmark: `cargo xtask bench`, which runs this package as a program (`__main__.py`).

In: the protoc plugin, and an environment with the runtime and its competitors. Out: a table of ratios to google.protobuf
on standard output, and the same as text, JSON and a picture (SVG) in the folder given.
"""
