"""``flask static compare``: an app measured without and with the extension.

The demo measures with the same modules. Its tests are in ``tests/cli/compare``.
"""
