# Bundles the program: loading drizzle-orm's many modules one by one costs half a second and 100 MB.
FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# With the optional ones: the bundler's own binary is among them.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
RUN npm run build
# Of the native module, only what runs.
RUN mkdir -p runtime/node_modules/better-sqlite3/prebuilds \
 && cp -r node_modules/better-sqlite3/package.json node_modules/better-sqlite3/lib \
      runtime/node_modules/better-sqlite3/ \
 && cp -r node_modules/better-sqlite3/prebuilds/linux-* \
      runtime/node_modules/better-sqlite3/prebuilds/

FROM node:26-slim
ARG VERSION=unreleased
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="Bank API" \
      org.opencontainers.image.description="Gateway between Dokos/ERPNext sites and the Bridge open-banking API" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.base.name="docker.io/library/node:26-slim"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
WORKDIR /app
COPY package.json ./
COPY drizzle ./drizzle
COPY --from=build /app/runtime/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN printf '#!/bin/sh\nexec node /app/dist/main.js "$@"\n' > /usr/local/bin/bank-api \
 && chmod 755 /usr/local/bin/bank-api \
 && mkdir /data /backups && chown node:node /data /backups
# Where the server looks by itself: with DATABASE_URL nothing may be said of DATA_DIR.
RUN ln -s /data /app/data
USER node
VOLUME /data
EXPOSE 8080
# The server stops by itself within STOP_DELAY and STOP_TIMEOUT together: give it longer, with `docker stop --time 40`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/live`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# node is PID 1, so that signals arrive.
CMD ["node", "dist/server.js"]
