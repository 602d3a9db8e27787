FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /tenter ./cmd/tenter \
 && mkdir -p /out/var/lib/tenter /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /out/ /
USER 65532:65532
COPY --from=build /tenter /usr/local/bin/tenter
ENTRYPOINT ["/usr/local/bin/tenter"]
CMD ["serve"]
