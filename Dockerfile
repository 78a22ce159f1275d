# The service and the pipelines, each with only what it needs:
#   make image             build iris-serving; docs/how-to/containers.md describes how to run it
#   make image-with-model  the same, with the Production model in it
#   make image-training    build iris-training, which does one run and exits
ARG PYTHON_IMAGE=python:3.13-slim-trixie

# --- Shared base ----------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS base
# With a read-only file system, /tmp is still writable.
ENV PATH=/venv/bin:$PATH \
    HOME=/tmp \
    MLFLOW_DISABLE_TELEMETRY=true \
    PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 iris \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --no-log-init iris

# --- Training: Kedro and the pipelines ------------------------------------------------
FROM base AS training
# Prevents MLflow's warning that git is missing; PYTHONPATH is for Dask workers, which import
# the project without Kedro.
ENV GIT_PYTHON_REFRESH=quiet \
    PYTHONPATH=/project/src
COPY requirements.training.lock /
RUN python3 -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes \
        --requirement /requirements.training.lock
WORKDIR /project
# Runs write to data, and kedro-viz records them in .viz; both need volumes if the file system
# is read-only.
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
# Recorded by each run.
ENV GIT_COMMIT=${REVISION}
LABEL org.opencontainers.image.title="iris-training" \
      org.opencontainers.image.description="Trains, compares and releases a model in one run" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"

# --- Serving --------------------------------------------------------------------------
# Without the tests and sources of packages and ONNX Runtime's tools for preparing models, but
# with compiled bytecode: a read-only container cannot write it, and starting the follower
# would take 5 s instead of 2 s.
FROM base AS serving-packages
COPY requirements.serving.lock /
RUN python3 -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --require-hashes \
        --requirement /requirements.serving.lock \
    && find /venv -type d \( -name tests -o -path '*/onnxruntime/transformers' \
        -o -path '*/onnxruntime/quantization' -o -path '*/onnxruntime/tools' \
        -o -path '*/sqlalchemy/testing' -o -path '*/alembic/testing' \) \
        -prune -exec rm -r {} + \
    && find /venv -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.pyi' \) -delete

# The model store, empty unless the build passes one: --build-context model=FOLDER
FROM base AS model
RUN mkdir /store

FROM base AS serving
COPY --from=serving-packages /venv /venv
WORKDIR /app
COPY serving serving
RUN python3 -m compileall -q serving
COPY --from=model --chown=10001:10001 /store /models
# 0 in the image with a model, which does not follow a registry by default.
ARG FOLLOW_SECONDS=5
ENV IRIS_BIND=0.0.0.0:8000 \
    IRIS_STORE=/models \
    IRIS_FOLLOW_SECONDS=${FOLLOW_SECONDS}
VOLUME /models
EXPOSE 8000
USER 10001:10001
# Liveness, not readiness: restarting a container that waits for its first model would not
# help. For readiness, run `python -m serving.server.healthcheck ready`; in a follower's
# container, `python -m serving.server.healthcheck follower`.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "serving.server.healthcheck"]
# gunicorn stops accepting connections and finishes requests in flight, for 30 s at most.
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
