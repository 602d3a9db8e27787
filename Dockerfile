FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /tenter ./cmd/tenter

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /tenter /usr/local/bin/tenter
ENTRYPOINT ["/usr/local/bin/tenter"]
CMD ["serve"]
