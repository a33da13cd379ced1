"""Settings, rules and policies, read once and checked.

It imports ``http`` alone. Its tests are in ``tests/config``.
"""
