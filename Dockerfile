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
COPY --from=build /loiter /loiter
# The default 127.0.0.1 cannot be reached from outside a container. HOST has the lowest precedence, so
# PORT, a file or LOITER_LISTEN still apply.
ENV HOST=0.0.0.0
EXPOSE 8080
USER 65532:65532
# Checks the address that the server was started with, by flag, variable or file.
HEALTHCHECK --interval=5s --timeout=3s CMD ["/loiter", "healthcheck"]
ENTRYPOINT ["/loiter"]
