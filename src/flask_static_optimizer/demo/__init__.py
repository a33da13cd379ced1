"""A small real app, served without and with the extension: ``flask-static-optimizer demo``.

It may import every room below it, and nothing in them imports it. It needs the ``demo`` extra. Its
tests are in ``tests/demo``.
"""
