"""Views that run in the place of static views, and that store responses or send stored ones.

It imports the rooms below it: ``headers``, ``requests``, ``assets``, ``store``, ``monitoring``,
``config`` and ``http``. Its tests are in ``tests/views``.
"""
