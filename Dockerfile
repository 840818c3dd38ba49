# syntax=docker/dockerfile:1

FROM swift:6.3-bookworm AS build
# Debian's mirror drops a version as soon as a fixed one is out, so a pinned version would break the build within weeks.
# The release (bookworm) is what pins the libraries.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libavif-dev libjpeg62-turbo-dev liblcms2-dev libpng-dev libwebp-dev libxml2-dev pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY Package.swift ./
COPY Sources ./Sources
# The manifest names the test targets, so their folders must be there, although nothing of them is built.
COPY Tests ./Tests
RUN swift build -c release --product tintype --static-swift-stdlib \
    && install -D -s -m 0755 "$(swift build -c release --show-bin-path)/tintype" /out/usr/local/bin/tintype \
    && install -d -m 0750 -o 65532 -g 65532 /out/data


FROM debian:bookworm-slim
# Swift's own libraries are linked into the program. What is left: the codecs, libxml2 for what S3 answers, and the
# run-time libraries of C and C++. TLS needs the certificates only.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates libavif15 libgcc-s1 libjpeg62-turbo liblcms2-2 libpng16-16 libstdc++6 libwebp7 \
        libwebpdemux2 libwebpmux3 libxml2 zlib1g \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out /

# No credentials are here, and none are needed to build. Without API_KEYS or API_KEYS_FILE the server does not start on
# this open address: `docker run --rm IMAGE key NAME` makes a key, see docs/deploy.md.
ENV HOST=0.0.0.0 \
    GLIBC_TUNABLES=glibc.malloc.mmap_threshold=4194304:glibc.malloc.trim_threshold=8388608 \
    LOG_FORMAT=json \
    LOCAL_STORAGE_PATH=/data

USER 65532:65532
WORKDIR /data
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["tintype", "healthcheck"]
ENTRYPOINT ["tintype"]
CMD ["serve"]
