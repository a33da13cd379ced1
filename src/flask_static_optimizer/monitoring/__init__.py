"""Counters, signals, the log, and where the figures are shown.

It imports ``config`` and ``http``. Its tests are in ``tests/monitoring``.
"""
