# API, scheduler, notifier and page in one image: docs/deployment.md.
#   docker build --tag fluxio .
ARG PYTHON_IMAGE=python:3.13-slim-bookworm
# What builds: the same Python, and Node.js.
ARG BUILD_IMAGE=${PYTHON_IMAGE}
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS page
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm install --omit=dev --no-save --ignore-scripts --no-audit --no-fund
COPY dashboard_static dashboard_static
RUN node dashboard_static/build/vendor.mjs && node dashboard_static/build/page.mjs /page

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
RUN python3 -m venv /opt/fluxio
COPY api/requirements.lock ./
RUN /opt/fluxio/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.lock
# .dockerignore leaves only what belongs here.
COPY . .
COPY --from=page /page api/fluxio_api/dashboard
# What built it is no part of it.
RUN PYTHONWARNINGS=ignore /opt/fluxio/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
  && /opt/fluxio/bin/pip uninstall --yes --quiet setuptools pip

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title=FluxIO org.opencontainers.image.licenses=MIT
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/fluxio --shell /usr/sbin/nologin fluxio \
  && install --directory --owner=fluxio --group=fluxio --mode=750 /var/lib/fluxio /var/lib/fluxio/spool
COPY --from=build /opt/fluxio /opt/fluxio
ENV PATH=/opt/fluxio/bin:$PATH PYTHONUNBUFFERED=1 FLASK_APP=fluxio_api FLUXIO_LOG_FORMAT=json
USER 10001:10001
WORKDIR /var/lib/fluxio
# No FLUXIO_SPOOL_DIR here: what is spooled must outlive the container, so whoever sets it gives it a named volume.
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["fluxio-api", "--bind", "0.0.0.0:8000"]
