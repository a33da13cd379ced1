"""Registers the first user of a wiki, who is its admin, and writes a page."""

from __future__ import annotations

from datetime import datetime, timezone

from otterwiki import views as views  # completes the app
from otterwiki.models import User
from otterwiki.server import app, db, storage
from werkzeug.security import generate_password_hash

with app.app_context():
    day = datetime(2020, 1, 2, tzinfo=timezone.utc)
    user = User(name="Reader", email="reader@example.org", is_approved=True, is_admin=True)
    user.email_confirmed = True
    user.password_hash = generate_password_hash("secret-secret", method="scrypt")
    user.first_seen = user.last_seen = day
    db.session.add(user)
    db.session.commit()
    page = "# A page\n\nWith *text*, `code` and\n\n```python\nprint(1)\n```\n"
    storage.store("page.md", page, author=("Reader", user.email), message="a page")
