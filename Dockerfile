# An image with one static binary and nothing else.
#
#   docker build -t loiter .
#   docker run --rm -p 8080:8080 --read-only --cap-drop ALL loiter
#
# As a replacement for another image, with its variables:
#   go-httpbin   docker run --rm -p 8080:8080 -e LOITER_COMPAT=go-httpbin loiter
#   httpbin      docker run --rm -p 80:80 -e PORT=80 loiter

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN target=$(rustc -vV | sed -n 's/^host: //p') \
 && cargo build --config .cargo/static.toml --release --locked --bin loiter --target "$target" \
 && cp "target/$target/release/loiter" /loiter

FROM scratch
# docker build -t loiter --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) \
#   --build-arg SOURCE=$(git remote get-url origin) .
ARG SOURCE=
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="loiter" \
      org.opencontainers.image.description="An HTTP server that is fast, slow, odd or broken on command" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /loiter /loiter
# The default 127.0.0.1 cannot be reached from outside a container. `::` is every interface in both IP
# versions, and 0.0.0.0 where IPv6 is off. HOST has the lowest precedence, so PORT, a file or
# LOITER_LISTEN still apply.
ENV HOST=::
# Less than the 10 s after which Docker kills. With `docker stop --time`, raise it: a file and
# LOITER_SHUTDOWN_TIMEOUT outrank this default.
ENV LOITER_DEFAULT_SHUTDOWN_TIMEOUT=9s
EXPOSE 8080
USER 65532:65532
# Checks the address that the server was started with, by flag, variable or file. Engines from 25 on find
# it healthy sooner with `docker run --health-start-interval 200ms`, or compose's start_interval; in this
# file the builders of older engines refuse the option.
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["/loiter", "healthcheck"]
# Finish what is under way; `docker stop` sends this anyhow.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/loiter"]
