"""The rules of HTTP as pure functions, which know no Flask.

It imports Werkzeug and the standard library, and no other room. Its tests are in ``tests/http``.
"""
