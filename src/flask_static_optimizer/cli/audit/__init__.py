"""``flask static audit`` and ``explain``: requests to the app, and what is wrong with the answers.

It imports the other modules of ``cli`` and the rooms below that. Its tests are
in ``tests/cli/audit``.
"""
