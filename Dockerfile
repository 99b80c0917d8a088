# One image for every process: `docker run shipsync --help` lists them.
FROM python:3.11-slim AS build
RUN python -m venv /opt/venv
WORKDIR /app
COPY requirements/ requirements/
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt
COPY setup.cfg setup.py pyproject.toml MANIFEST.in README.md LICENSE ./
COPY config/ config/
COPY streams/ streams/
COPY connectors/ connectors/
COPY portal/ portal/
COPY topologies/ topologies/
COPY portal/ portal/
COPY avro/ avro/
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/shipsync --create-home shipsync \
 && install --directory --owner shipsync --mode 0700 /var/lib/shipsync-documents
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SHIPSYNC_DATA_DIR=/var/lib/shipsync
USER shipsync
WORKDIR /var/lib/shipsync
VOLUME /var/lib/shipsync
STOPSIGNAL SIGTERM
ENTRYPOINT ["shipsync"]
CMD ["--help"]
