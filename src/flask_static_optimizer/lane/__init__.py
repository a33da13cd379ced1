"""WSGI middleware that answers before Flask is asked.

It imports the rooms below it, ``views`` first. Its tests are in ``tests/lane``.
"""
