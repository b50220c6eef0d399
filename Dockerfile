# One image for web, worker, scheduler and migrations; the command says which.
FROM python:3.13-slim

RUN useradd --system --uid 10001 --create-home --home-dir /srv/opsflux opsflux
WORKDIR /srv/opsflux/app

COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt

COPY pyproject.toml wsgi.py worker.py ./
COPY app app
COPY migrations migrations
COPY templates templates
COPY static static
COPY translations translations
RUN python -c 'from app.core.translations import compile_all; compile_all()' && python -m compileall -q app wsgi.py worker.py

ENV OPSFLUX_HOME=/srv/opsflux PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN mkdir -p /srv/opsflux/var && chown opsflux: /srv/opsflux/var
USER opsflux
VOLUME /srv/opsflux/var
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"
CMD ["gunicorn", "-c", "python:app.running.web", "wsgi:app"]
