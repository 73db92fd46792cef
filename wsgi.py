"""The WSGI entry: `gunicorn wsgi:app`, configured by GUANJIA_* environment variables."""

from guanjia.app import create_app

app = create_app()
