"""Which requests are static, and what is known of each.

It imports the rooms below it: ``assets``, ``config``, ``http``. Its tests are in
``tests/requests``.
"""
