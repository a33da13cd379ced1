"""The caching headers of static responses, before and after the app's hooks.

It imports the rooms below it: ``requests``, ``assets``, ``store``, ``monitoring``, ``config`` and
``http``. Its tests are in ``tests/headers``.
"""
