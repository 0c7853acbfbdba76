# The application, for each of its services: `docker run IMAGE watch`, `… worker --queues payments`, `… beat`.
# Servers are not in it: docker-compose.yml brings PostgreSQL and a broker, a site may have its own.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/kk2
WORKDIR /src
# Only what was locked, and only with the bytes that were locked.
COPY requirements.lock ./
RUN /opt/kk2/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY pipeline pipeline
COPY workers workers
COPY ops ops
# The build tool is the one thing not in the lock of what runs; it stays behind in this stage.
RUN /opt/kk2/bin/pip install "setuptools>=80" \
 && /opt/kk2/bin/pip install --no-deps --no-build-isolation . \
 && /opt/kk2/bin/pip uninstall --yes setuptools pip

FROM python:3.11-slim
# A fixed number, so that a folder of the host can be given to it.
RUN groupadd --gid 10001 kk2 && useradd --uid 10001 --gid kk2 --no-create-home --home-dir /var/lib/kk2 kk2 \
 && install -d -o kk2 -g kk2 -m 0750 /var/lib/kk2
COPY --from=build /opt/kk2 /opt/kk2
ENV PATH=/opt/kk2/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 KK2_FOLDER=/var/lib/kk2
USER kk2
WORKDIR /var/lib/kk2
VOLUME /var/lib/kk2
# Asks the database whether what is due moves; that a process lives says nothing.
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 CMD ["kk2", "doctor", "--progress"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["kk2"]
CMD ["--help"]
