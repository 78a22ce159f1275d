"""Requests with a key that decides which model answers."""

PRODUCTION, CANARY, PREVIOUS = "3", "4", "2"
KEYS = [f"user-{number}" for number in range(200)]


def ask(client, body, key: str = "", **headers: str):
    headers |= {"X-Canary-Key": key} if key else {}
    with client.post("/predict", json=body, headers=headers) as answer:
        assert answer.status_code == 200, answer.text
        return answer.json["model"]["version"]


def scrape(app) -> str:
    return app.test_client().get("/metrics").text
