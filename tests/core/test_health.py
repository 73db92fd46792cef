"""The probes that an operator's machines ask."""

from guanjia.app import create_app
from guanjia.config import Config


def test_ready_asks_database_migrations_and_disk(company):
    client = company.app.test_client()
    assert client.get("/health").json == {"status": "ok"}
    answer = client.get("/ready")
    assert (answer.status_code, answer.json["ready"]) == (200, True), answer.json


def test_an_empty_database_is_not_ready(tmp_path):
    url = f"sqlite:///{tmp_path}/empty.sqlite"
    app = create_app(Config(data_folder=tmp_path, database_url=url, owner_database_url=url, secret_key="x"))
    answer = app.test_client().get("/ready")
    assert (answer.status_code, answer.json["migrations"]) == (503, False)
    assert app.test_client().get("/health").status_code == 200
