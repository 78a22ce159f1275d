# The pipelines in an image:
#   docker build --tag iris-training .
#   docker run --rm --env MLFLOW_TRACKING_URI=http://mlflow:5000 iris-training
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS dependencies
COPY requirements.lock .
RUN python3 -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock

FROM ${PYTHON_IMAGE} AS training
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
COPY --from=dependencies /venv /venv
WORKDIR /project
# Data passes through files of the run, which the user must be able to write.
RUN useradd --uid 10001 --no-create-home iris && chown iris /project
COPY --chown=iris pyproject.toml requirements.lock .telemetry ./
COPY --chown=iris conf conf
COPY --chown=iris src src
RUN mkdir data && chown iris data
USER 10001
ENTRYPOINT ["kedro"]
CMD ["run", "--env", "production"]
