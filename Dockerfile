FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /tenter ./cmd/tenter

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
USER 65532:65532
COPY --from=build /tenter /usr/local/bin/tenter
ENTRYPOINT ["/usr/local/bin/tenter"]
CMD ["serve"]
