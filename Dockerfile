# The program in a container. The packages are those of locks/, installed as the Makefile installs them, and compiled
# here: a container whose files are read-only would compile them at every start.
# docs/how-to/container.md says how to run it: docker build --tag sparkify .

# Python 3.14.8 on Debian 13, by the digest of the index for amd64 and arm64, so that a build tomorrow begins as today's.
FROM python:3.14.8-slim-trixie@sha256:f85c5697265c178cc6887276c55fe16cf3d14ca35c3df6a5eab3b360534a55d2 AS base

FROM base AS build
# `redshift` adds the driver for Redshift, `openlineage` the client for lineage.
ARG LOCK=run
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PIP_PYTHON=/opt/sparkify/.venv
WORKDIR /opt/sparkify
RUN python -m venv --without-pip .venv
COPY locks/${LOCK}.txt locks/
RUN python -m pip install --quiet --no-deps --require-hashes --requirement locks/${LOCK}.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python -m pip install --quiet --no-deps --no-build-isolation .

FROM base
# A new volume takes this folder's owner. The user has a number and no name, which is what Kubernetes can check.
RUN install --directory --owner 65532 --group 65532 /data
COPY --from=build /opt/sparkify/.venv /opt/sparkify/.venv
ENV PATH=/opt/sparkify/.venv/bin:$PATH
USER 65532:65532
WORKDIR /data
# A load is a job: its exit code tells its health. A probe beside it would wait for the load, which holds the warehouse.
HEALTHCHECK NONE
ENTRYPOINT ["sparkify"]
CMD ["etl"]
