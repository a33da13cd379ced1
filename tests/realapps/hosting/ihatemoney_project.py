"""Makes a project of two members with a bill, by ihatemoney's own REST interface."""

from __future__ import annotations

import base64

from ihatemoney.run import create_app

project = {
    "name": "Trip",
    "id": "trip",
    "password": "secret-secret",
    "contact_email": "reader@example.org",
    "default_currency": "XXX",
}
key = base64.b64encode(b"trip:secret-secret").decode()
headers = {"Authorization": f"Basic {key}"}
client = create_app().test_client()
answers = [client.post("/api/projects", json=project)]
members = "/api/projects/trip/members"
answers += [client.post(members, json={"name": name}, headers=headers) for name in ("Ada", "Bob")]
bill = {"date": "2020-01-02", "what": "Tickets", "payer": "1", "payed_for": ["1", "2"]}
bill |= {"amount": "12", "bill_type": "Expense", "original_currency": "XXX"}
answers.append(client.post("/api/projects/trip/bills", json=bill, headers=headers))
for answer in answers:
    assert answer.status_code == 201, answer.text
