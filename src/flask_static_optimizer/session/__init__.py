"""The session interface and the hook that keep the session out of static requests.

It imports the rooms below it: ``views``, ``headers``, ``requests``, ``assets``, ``store``,
``monitoring``, ``config`` and ``http``, but not ``lane``. Its tests are in ``tests/session``.
"""
