# An image that holds one static binary and nothing else.
#
#   docker build -t loiter .
#   docker run --rm -p 8080:8080 --read-only --cap-drop ALL loiter
#
# In the place of another image, with the variables that one was given:
#   go-httpbin   docker run --rm -p 8080:8080 -e LOITER_COMPAT=go-httpbin loiter
#   httpbin      docker run --rm -p 80:80 -e PORT=80 loiter

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# An explicit --target, even the host's own, keeps crt-static away from build scripts and macros,
# which cannot be linked so.
RUN target=$(rustc -vV | sed -n 's/^host: //p') \
 && RUSTFLAGS="-C target-feature=+crt-static" \
    cargo build --release --locked --bin loiter --target "$target" \
 && cp "target/$target/release/loiter" /loiter

FROM scratch
COPY --from=build /loiter /loiter
# Not 127.0.0.1, as it is elsewhere: inside a container nobody else could reach that. The weakest way
# to say it, so that PORT, a file or LOITER_LISTEN still decide.
ENV HOST=0.0.0.0
EXPOSE 8080
USER 65532:65532
# It asks the server as it was started, whether flag, variable or file says where it listens.
HEALTHCHECK --interval=5s --timeout=3s CMD ["/loiter", "healthcheck"]
ENTRYPOINT ["/loiter"]
