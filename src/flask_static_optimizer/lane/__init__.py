"""The lane: WSGI middleware that answers static requests before Flask does.

It imports the rooms below it: ``views``, ``headers``, ``requests``, ``assets``, ``store``,
``monitoring``, ``config`` and ``http``, but not ``session``. Its tests are in ``tests/lane``.
"""
