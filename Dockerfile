# The service, and the pipelines, each with what it needs and nothing else:
#   make image             build iris-serving; docs/container.md says how to run it
#   make image-with-model  the same with the Production model inside
#   make image-training    build iris-training, which does one run and ends
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

# --- What both sides stand on ---------------------------------------------------------
FROM ${PYTHON_IMAGE} AS base
# /tmp is what can be written to where the rest is read-only.
ENV PATH=/venv/bin:$PATH \
    HOME=/tmp \
    MLFLOW_DISABLE_TELEMETRY=true \
    PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 iris \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --no-log-init iris

# --- Training: Kedro and the pipelines ------------------------------------------------
FROM base AS training-packages
COPY requirements-training.lock /
RUN python3 -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes \
        --requirement /requirements-training.lock

FROM base AS training
# There is no git, which MLflow would tell at length.
ENV GIT_PYTHON_REFRESH=quiet
COPY --from=training-packages /venv /venv
WORKDIR /project
# Runs write to data, and kedro-viz to .viz how they went: mount something there where
# the rest is read-only.
RUN mkdir data .viz && chown 10001:10001 . data .viz
COPY --chown=10001:10001 pyproject.toml requirements.lock .telemetry ./
COPY --chown=10001:10001 conf conf
COPY --chown=10001:10001 src src
USER 10001:10001
ENTRYPOINT ["kedro"]
CMD ["run", "--env", "production"]
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
# A run records it.
ENV GIT_COMMIT=${REVISION}
LABEL org.opencontainers.image.title="iris-training" \
      org.opencontainers.image.description="Trains, compares and releases a model, once" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"

# --- Serving --------------------------------------------------------------------------
# No tests and sources of others, and nothing of ONNX Runtime that prepares models; but
# compiled code, because the file system is read-only later and the follower would need
# 5 s instead of 2 s for each start.
FROM base AS serving-packages
COPY requirements-serving.lock /
RUN python3 -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --require-hashes \
        --requirement /requirements-serving.lock \
    && find /venv -type d \( -name tests -o -path '*/onnxruntime/transformers' \
        -o -path '*/onnxruntime/quantization' -o -path '*/onnxruntime/tools' \) \
        -prune -exec rm -r {} + \
    && find /venv -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.pyi' \) -delete

# The store, empty unless the build names another: --build-context model=FOLDER
FROM base AS model
RUN mkdir /store

FROM base AS serving
COPY --from=serving-packages /venv /venv
WORKDIR /app
COPY serving serving
RUN python3 -m compileall -q serving
COPY --from=model --chown=10001:10001 /store /models
# With a model inside: 0, until somebody has a registry to follow.
ARG FOLLOW_SECONDS=5
ENV IRIS_BIND=0.0.0.0:8000 \
    IRIS_STORE=/models \
    IRIS_FOLLOW_SECONDS=${FOLLOW_SECONDS}
VOLUME /models
EXPOSE 8000
USER 10001:10001
# Live, not ready: what restarts unhealthy containers brings no model by that, and one
# without a model is better left waiting for it. `serving.server.healthcheck ready` asks the other.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "serving.server.healthcheck"]
# gunicorn then accepts no more and finishes what is in flight, for 30 s at most.
STOPSIGNAL SIGTERM
CMD ["gunicorn", "--config", "python:serving.server.gunicorn_conf"]
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="iris-serving" \
      org.opencontainers.image.description="Serves the Production model of an MLflow registry" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
