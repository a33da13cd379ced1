"""``flask static nginx``: an nginx configuration that serves static files exactly as the app would.

It imports the other modules of ``cli`` and the rooms below that. Its tests are
in ``tests/cli/nginx``.
"""
