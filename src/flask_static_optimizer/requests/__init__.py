"""The decision whether a request is static, and the mark that a static request carries.

It imports the rooms below it: ``assets``, ``store``, ``monitoring``, ``config`` and ``http``. Its
tests are in ``tests/requests``.
"""
