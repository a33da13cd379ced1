"""The files of static folders: their fingerprints, their URLs and their coded variants.

It imports the rooms below it: ``monitoring``, ``config`` and ``http``, but not ``store``. Its tests
are in ``tests/assets``.
"""
