# The service and nothing else: no training stack, no data, no model (the bucket is mounted or reached by URL).
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
COPY requirements.txt pyproject.toml README.md ./
RUN python -m venv /opt/raretriage \
    && /opt/raretriage/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.txt
COPY src src
COPY app app
COPY model model
RUN /opt/raretriage/bin/pip install --no-cache-dir --no-deps .

FROM ${BASE}
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="raretriage" \
      org.opencontainers.image.description="Clinical triage that does not miss rare diseases: the service" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${COMMIT}"
COPY --from=build /opt/raretriage /opt/raretriage
RUN useradd --system --uid 10001 --no-create-home raretriage \
    && install -d -o raretriage /bucket /log
USER 10001
ENV PATH=/opt/raretriage/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MODEL_URI=file:///bucket \
    LOG_DIR=/log
VOLUME ["/bucket", "/log"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
CMD ["uvicorn", "app.app:app", "--host", "0.0.0.0", "--port", "8000", "--no-access-log"]
