"""The floor: a bare Flask page of 50 payments by key and a count, over psycopg, as the application role under row security.

Served like the product: `gunicorn -c python:app.running.web tests.bench.floor:app`, with FLOOR_ORGANISATION set.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import psycopg
from flask import Flask, render_template_string

FIELDS = "id, reference, paid_on, supplier_id, purpose, department_id, amount, currency, status"
ROWS = f"SELECT {FIELDS} FROM procurement_payment WHERE id > '00000000-0000-0000-0000-000000000000' ORDER BY id LIMIT 50"
COUNT = "SELECT count(*) FROM procurement_payment"
CONTEXT = "SELECT set_config('app.organisation', %s, true)"
PAGE = """<!doctype html><title>Floor</title><p>{{ count }}</p><table>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>"""

app = Flask(__name__)
_own = threading.local()


def _connection() -> psycopg.Connection[Any]:
    if not hasattr(_own, "connection"):
        _own.connection = psycopg.connect(os.environ["DATABASE_URL"])
    found: psycopg.Connection[Any] = _own.connection
    return found


@app.get("/")
def page() -> str:
    """Fifty rows and how many there are."""
    connection = _connection()
    with connection.transaction():
        connection.execute(CONTEXT, [os.environ["FLOOR_ORGANISATION"]])
        rows = connection.execute(ROWS).fetchall()
        count = connection.execute(COUNT).fetchone()
    return render_template_string(PAGE, rows=rows, count=count[0] if count else 0)


@app.get("/healthz")
def healthz() -> str:
    """Alive."""
    return "ok"
