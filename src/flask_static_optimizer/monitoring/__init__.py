"""Monitoring of the extension: counters, signals and warnings in the app's log.

It imports the rooms below it, ``config`` and ``http``. Its tests are in ``tests/monitoring``.
"""
