"""The extension's configuration: settings, rules and policies, read once and checked.

It imports ``http``, the only room below it. Its tests are in ``tests/config``.
"""
