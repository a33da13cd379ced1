"""Uploads a text by bepasty's own form."""

from __future__ import annotations

from bepasty.wsgi import application

client = application.test_client()
client.post("/+login", data={"token": "secret-secret"})
data = {"text": "print(1)\n", "contenttype": "text/x-python", "filename": "one.py"}
data |= {"maxlife-value": "1", "maxlife-unit": "years"}
answer = client.post("/+upload", data=data)
assert answer.status_code == 302, answer.text
