"""The session kept out of static requests.

It imports the rooms below it: ``headers``, ``requests``, ``monitoring``. Its tests are in
``tests/session``.
"""
