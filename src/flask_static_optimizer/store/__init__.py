"""A store of responses that follows RFC 9111 and knows no Flask.

It imports ``config`` and ``http``. Its tests are in ``tests/store``.
"""
